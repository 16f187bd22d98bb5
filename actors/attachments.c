/*
 * Attachments: who has said that he wants to start with every application; and the gateway, and the exporter of
 * spans, beside the shared library, which say so when they are loaded.
 */
#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/attachment.h"

#include "internal.h"

static_assert((int)ACTI_ATTACHED_MAX == (int)ACTA_ATTACHMENTS_MAX, "each finds room in an application");

static struct {
    atomic_flag lock; /* held for a few instructions; also before main, when there are no other threads */
    const acta_attachment *list[ACTA_ATTACHMENTS_MAX];
    uint32_t count;
} attachments = { .lock = ATOMIC_FLAG_INIT };

static void
lock(void)
{
    /* Acquire: the list as whoever had the lock before has left it; pairs with unlock. */
    while (atomic_flag_test_and_set_explicit(&attachments.lock, memory_order_acquire)) {}
}

static void
unlock(void)
{
    atomic_flag_clear_explicit(&attachments.lock, memory_order_release);
}

acta_status
acta_attach(const acta_attachment *attachment)
{
    acta_status status = ACTA_OK;
    bool is_there = false;

    lock();
    for (uint32_t i = 0; i < attachments.count; i++)
        is_there = is_there || attachments.list[i] == attachment;
    if (!is_there && attachments.count == ACTA_ATTACHMENTS_MAX)
        status = ACTA_BUSY;
    else if (!is_there)
        attachments.list[attachments.count++] = attachment;
    unlock();
    return status;
}

static uint32_t
copy_list(const acta_attachment *list[ACTA_ATTACHMENTS_MAX])
{
    lock();
    uint32_t count = attachments.count;
    memcpy(list, attachments.list, count * sizeof *list);
    unlock();
    return count;
}

/* "/usr/lib/libacta.so.0" to "/usr/lib/libacta-gateway.so.0". A program that has us in its own text has chosen what else. */
static void
load(const char *library)
{
    char path[4096];
    Dl_info where;

    if (dladdr(&attachments, &where) == 0 || where.dli_fname == NULL) return;
    const char *name = strstr(where.dli_fname, "libacta.so");
    if (name == NULL) return;
    int length = snprintf(path, sizeof path, "%.*s%s", (int)(name - where.dli_fname), where.dli_fname, library);
    if (length > 0 && (size_t)length < sizeof path) dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* The exporter of spans brings libcurl, and all that this needs: only who has a collector loads it. */
static void
load_all(void)
{
    load("libacta-gateway.so.0");
    if (secure_getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != NULL ||
        secure_getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != NULL)
        load("libacta-otlp.so.0");
}

acta_status
acti_attachments_start(acta_app *app, const char *data_path, acta_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const acta_attachment *list[ACTA_ATTACHMENTS_MAX];

    if (data_path == NULL || app->manual) return ACTA_OK;
    pthread_once(&once, load_all);
    uint32_t count = copy_list(list);
    for (uint32_t i = 0; i < count; i++) {
        acti_attachment_life *attached = &app->attached[app->attached_count];
        acta_status status = list[i]->start(app, data_path, &attached->handle, error);
        if (status != ACTA_OK) return status;
        attached->attachment = list[i];
        app->attached_count += attached->handle != NULL;
    }
    return ACTA_OK;
}

void
acti_attachments_stop(acta_app *app)
{
    while (app->attached_count > 0) {
        const acti_attachment_life *attached = &app->attached[--app->attached_count];
        attached->attachment->stop(attached->handle);
    }
}
