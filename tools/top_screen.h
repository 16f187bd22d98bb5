/*
 * The screen of acta top. top_screen.c has it by ncurses; top_no_screen.c is there where that isn't.
 */
#ifndef TOOLS_TOP_SCREEN_H
#define TOOLS_TOP_SCREEN_H

#include "acta/status.h"

#include "top_model.h"

typedef struct top_view {
    const char *directory;
    uint32_t every_ms;
    top_order order;
    bool shows_help;
    const char *problem; /* why there are no newer numbers; NULL: there are */
} top_view;

typedef enum top_wish { TOP_GO_ON, TOP_ANEW, TOP_QUIT } top_wish;

/* Take the terminal. ACTA_UNSUPPORTED: there is none, it can't be drawn on, or ncurses is missing: told in words. */
acta_status top_screen_begin(acta_error *error);
void top_screen_end(void);

void top_screen_draw(const top_model *model, const top_view *view);

/* A key, for at most so long; what it changes is in the view. TOP_ANEW: ask again now. */
top_wish top_screen_wait(top_view *view, int64_t ms);

#endif
