/*
 * GET /health, GET /ready: for those who start programs and send them work. No token is needed, and nothing is told but
 * that.
 */
#include "internal.h"

static void
answer(acti_request *request, const char *state, const char *why)
{
    acti_json json = acti_json_into(&request->text);

    request->status = strcmp(state, "failing") != 0 ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "status", state);
    if (why != NULL) acti_json_text(&json, "why", why);
    acti_json_close(&json, '}');
}

static const char only_reads[] = "the store was opened to read only", refuses[] = "the store takes no writes";

/* Whoever restarts what fails would restart for ever what can only read; what has failed at a write may come back. */
void
acti_get_health(acti_request *request)
{
    acta_app *app = request->gateway->app;

    if (acta_app_only_reads(app))
        answer(request, "degraded", only_reads);
    else if (acta_store_health(acta_app_store(app), NULL) != ACTA_OK)
        answer(request, "failing", refuses);
    else
        answer(request, "ok", NULL);
}

/* A reader that stands still is worth an alarm, but commands are taken. */
void
acti_get_ready(acti_request *request)
{
    acta_app *app = request->gateway->app;
    bool catches_up = false;
    uint32_t count;
    const acta_reader_info *infos = acti_readers_list(request, &count);

    if (infos == NULL) return;
    for (uint32_t i = 0; i < count; i++)
        catches_up = catches_up || infos[i].state == ACTA_READER_CATCHING_UP;
    if (acta_app_only_reads(app))
        answer(request, "failing", only_reads);
    else if (acta_store_health(acta_app_store(app), NULL) != ACTA_OK)
        answer(request, "failing", refuses);
    else if (catches_up)
        answer(request, "failing", "a reader catches up");
    else
        answer(request, "ok", NULL);
}
