/*
 * acta top where ncurses was not there when acta was built.
 */
#include "top_screen.h"

acta_status
top_screen_begin(acta_error *error)
{
    return acta_error_set(error, ACTA_UNSUPPORTED, "acta was built without ncurses, which top draws with");
}

void
top_screen_end(void)
{
}

void
top_screen_draw(const top_model *model, const top_view *view)
{
    (void)model;
    (void)view;
}

top_wish
top_screen_wait(top_view *view, int64_t ms)
{
    (void)view;
    (void)ms;
    return TOP_QUIT;
}
