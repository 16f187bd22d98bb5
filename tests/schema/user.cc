/*
 * What a user writes, in C++20: the spelling of docs and headers, with every warning. Compiling it is the test; running
 * it compares a value with what is written and read.
 */
#include <cstdio>
#include <cstdlib>

#include "shop.acta.h"

static acta_verdict
open_cart(const shop_Cart *cart, shop_OpenCart command, acta_decision *decision)
{
    (void)cart, (void)command, (void)decision;
    return acta_verdict{ ACTA_OK };
}

static acta_verdict
add_line(const shop_Cart *cart, shop_AddLine command, acta_decision *decision)
{
    (void)command, (void)decision;
    return acta_verdict{ cart->closed ? ACTA_REJECTED : ACTA_OK };
}

static void
cart_opened(shop_Cart *cart, shop_CartOpened event, acta_memory *memory)
{
    acta_str_assign(&cart->owner, event.owner, memory);
}

static constexpr shop_Cart_aggregate cart_aggregate =
    SHOP_CART(.execute = { .OpenCart = open_cart, .AddLine = add_line },
        .apply = { .CartOpened = cart_opened, .LineAdded = shop_Cart_ignore_LineAdded }, .snapshot_every = 1000,
        .idle_timeout_ms = 60000);

static void
seen(shop_Watcher *watcher, shop_LineAdded event, acta_memory *memory)
{
    (void)event, (void)memory;
    watcher->seen++;
}

static constexpr shop_Watcher_process_manager watcher_manager =
    SHOP_WATCHER(.on = { .CartOpened = { .stop = shop_CartOpened_owner },
                     .LineAdded = { .start = shop_LineAdded_cart_id, .apply = seen } });

static acta_status
count_lines(void *user, shop_LineAdded event, const acta_recorded *recorded, acta_error *error)
{
    (void)event, (void)recorded, (void)error;
    ++*static_cast<int *>(user);
    return ACTA_OK;
}

static int count;
static constexpr shop_event_handler handler =
    SHOP_EVENT_HANDLER(.name = "counter", .user = &count, .on = { .LineAdded = count_lines }, .window = 5);

static void
must(bool holds, const char *what)
{
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

int
main()
{
    acta_memory *memory = acta_memory_create(nullptr);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    const shop_Line line = ACTA_INIT(shop_Line, .sku = acta_str_of("a"), .count = 2);
    const int64_t sums[] = { 1, 2 };
    acta_error error;
    shop_LineAdded read;
    shop_Cart cart;

    must(cart.owner.data == nullptr && !cart.closed && cart.lines.count == 0, "members default to zero");
    shop_Cart_lines_put(&cart, line, memory);
    shop_Cart_sums_assign(
        &cart, ACTA_INIT(acta_int64_vector, .data = sums, .encoded = nullptr, .count = 2, .capacity = 0), memory);
    must(shop_Cart_lines_find(&cart, acta_str_of("a"))->count == 2, "an item is found");

    const auto added = ACTA_INIT(shop_LineAdded, .cart_id = acta_str_of("c"), .line = { &line, nullptr });
    must(shop_LineAdded_write(&added, &sink.sink, &error) == ACTA_OK, "it can be written");
    must(shop_LineAdded_verify(sink.bytes, &error) == ACTA_OK, "it passes verify");
    shop_LineAdded_read(sink.bytes, &read);
    must(acta_str_equal(read.cart_id, added.cart_id), "it is read as written");

    const acta_aggregate *base = &cart_aggregate.base;
    must(base->snapshot_every == 1000 && base->idle_timeout_ms == 60000, "settings are where C has them");
    must(acta_str_equal(acta_str_of(base->code->missing(base)), acta_str_of("apply.CartClosed")),
        "what is left out is named");
    must(watcher_manager.base.code->missing(&watcher_manager.base) == nullptr, "nothing is left out");
    handler.base.code->handle(&handler.base, 1, sink.bytes, nullptr, &error);
    must(count == 1 && handler.base.window == 5, "an event handler gets its event");
    acta_memory_destroy(memory);
    return 0;
}
