/*
 * See shop.h.
 */
#include "shop.h"

static acta_verdict
decide(const shop_Article *article, shop_Offer command, acta_decision *decision)
{
    (void)article;
    return shop_Offered_emit(
        decision, ACTA_INIT(shop_Offered, .article_id = command.article_id, .group = command.group,
                      .price = command.price, .is_new = command.is_new, .supplier = command.supplier));
}

static void
offered(shop_Article *article, shop_Offered event, acta_memory *memory)
{
    article->price = event.price;
    acta_str_assign(&article->supplier, event.supplier, memory);
}

static acta_status
put_row(void *user, shop_Offered event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return shop_ArticleRow_put(rows,
        ACTA_INIT(shop_ArticleRow, .article_id = event.article_id, .group = event.group, .price = event.price,
            .is_new = event.is_new, .supplier = event.supplier),
        error);
}

static const shop_Article_aggregate article =
    SHOP_ARTICLE(.execute = { .Offer = decide }, .apply = { .Offered = offered });
static const shop_projection article_rows = SHOP_PROJECTION(.name = "articles", .on = { .Offered = put_row });
static const acta_aggregate *const aggregates[] = { &article.base, NULL };
static const acta_projection *const projections[] = { &article_rows.base, NULL };

int
set_up_shop(void **state)
{
    return set_up_with(
        state, (acta_app_config){ .schema = &shop_schema, .aggregates = aggregates, .projections = projections });
}

void
offer(fixture *f, const char *id, const char *group, int64_t price, bool is_new)
{
    const char *const wait_for[] = { "articles", NULL };
    const acta_dispatch_options patiently = { .timeout_ms = 60000, .wait_for = wait_for };
    const shop_Offer command = { .article_id = acta_str_of(id),
        .group = acta_str_of(group),
        .price = price,
        .is_new = is_new,
        .supplier = acta_str_of("a secret") };

    MUST(f, shop_Offer_dispatch(f->app, command, &patiently, &f->error));
}
