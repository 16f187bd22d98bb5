/*
 * Attachments: what starts with every application of the process, and stops before it. The gateway (gateway.h) is one: a
 * program that links it has it, without a line of code.
 */
#ifndef ACTA_ATTACHMENT_H
#define ACTA_ATTACHMENT_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_attachment {
    const char *name;
    /*
     * The application has started. Not called for manual applications, nor for those without a store's directory.
     *   data_path   the store's directory
     *   handle_out  for stop; NULL: there is nothing to be stopped
     * What it returns other than ACTA_OK is what acta_app_start returns, after all has been stopped again.
     */
    acta_status (*start)(acta_app *app, const char *data_path, void **handle_out, acta_error *error);
    void (*stop)(void *handle); /* the application still works; called once, by acta_app_stop */
} acta_attachment;

enum { ACTA_ATTACHMENTS_MAX = 8 };

/*
 * From now on every application gets it, until the end of the process; those that run don't. Twice is once.
 *   attachment  static
 * Threads: any. Also before main, from a constructor. More than ACTA_ATTACHMENTS_MAX are ACTA_BUSY.
 */
ACTA_API acta_status acta_attach(const acta_attachment *attachment);

#ifdef __cplusplus
}
#endif
#endif
