/*
 * GET /health, GET /ready: for those who start programs and send them work. No token is needed, and nothing is told but
 * that.
 */
#include "internal.h"

static void
answer(acti_request *request, bool is_well, const char *why)
{
    acti_json json = acti_json_into(&request->text);

    request->status = is_well ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "status", is_well ? "ok" : "failing");
    if (!is_well) acti_json_text(&json, "why", why);
    acti_json_close(&json, '}');
}

void
acti_get_health(acti_request *request)
{
    answer(request, acta_store_health(acta_app_store(request->gateway->app), NULL) == ACTA_OK,
        "the store takes no writes");
}

/* A reader that stands still is worth an alarm, but commands are taken. */
void
acti_get_ready(acti_request *request)
{
    bool catches_up = false;
    uint32_t count;
    const acta_reader_info *infos = acti_readers_list(request, &count);

    if (infos == NULL) return;
    for (uint32_t i = 0; i < count; i++)
        catches_up = catches_up || infos[i].state == ACTA_READER_CATCHING_UP;
    if (acta_store_health(acta_app_store(request->gateway->app), NULL) != ACTA_OK)
        answer(request, false, "the store takes no writes");
    else
        answer(request, !catches_up, "a reader catches up");
}
