/*
 * The screen of acta top, by ncurses:
 *
 *     what it is, and which keys there are
 *     committer, actors: sums
 *     handlers, the one that is furthest behind first
 *     actors, by what was asked for
 */
#include "top_screen.h"

#include <curses.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

enum { HANDLER_LINES = 6, EVERY_MS_MIN = 250, EVERY_MS_MAX = 60000, WIDTH = 80, LINES_MIN = 16 };

static SCREEN *screen;

acta_status
top_screen_begin(acta_error *error)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return acta_error_set(
            error, ACTA_UNSUPPORTED, "top draws on a terminal, and there is none; acta queues prints the same, once");
    const char *name = getenv("TERM");
    setlocale(LC_CTYPE, "");
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL)
        return acta_error_set(
            error, ACTA_UNSUPPORTED, "the terminal '%s' (TERM) isn't known here", name != NULL ? name : "");
    if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1) {
        top_screen_end();
        return acta_error_set(error, ACTA_UNSUPPORTED,
            "the terminal '%s' (TERM) can't be drawn on; acta queues prints the same, once", name != NULL ? name : "");
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    return ACTA_OK;
}

void
top_screen_end(void)
{
    if (screen == NULL) return;
    endwin();
    delscreen(screen);
    screen = NULL;
}

/* -- drawing -- */

static bool
begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

/* So many characters of a text, with spaces behind; control characters as '?'. */
static void
put_text(const char *text, int width)
{
    char shown[TOP_TEXT * 4 + 1];
    size_t size = 0;
    int characters = 0;

    for (acta_str left = acta_str_of(text); left.size > 0 && size < sizeof shown - 1;) {
        size_t control = acta_str_control(left), taken = control > 0 ? control : 1;
        if (begins_character(left.data[0]) && characters++ == width) break;
        shown[size++] = control > 0 ? '?' : left.data[0];
        left = acta_str_from(left.data + taken, left.size - taken);
    }
    if (characters > width) characters = width;
    addnstr(shown, (int)size);
    for (; characters <= width; characters++)
        addch(' ');
}

/* On the right of so many columns; what has no room in them, as thousands, millions and so on. */
static void
put_number(uint64_t number, int width)
{
    static const char units[] = " kMGTPE";
    char text[32];
    int unit = 0;

    int size = snprintf(text, sizeof text, "%" PRIu64, number);
    while (size > width && units[unit + 1] != '\0') {
        number /= 1000;
        size = snprintf(text, sizeof text, "%" PRIu64 "%c", number, units[++unit]);
    }
    printw("%*s ", width, text);
}

/* "12s", "5min", "3h" */
static void
put_age(int64_t ms, int width)
{
    char text[32] = "-";

    if (ms >= 3600000)
        snprintf(text, sizeof text, "%" PRId64 "h", ms / 3600000);
    else if (ms >= 60000)
        snprintf(text, sizeof text, "%" PRId64 "min", ms / 60000);
    else if (ms >= 0)
        snprintf(text, sizeof text, "%" PRId64 ".%" PRId64 "s", ms / 1000, ms % 1000 / 100);
    printw("%*s", width, text);
}

static void
draw_head(const top_model *model, const top_view *view)
{
    mvprintw(0, 0, "acta top  ");
    put_text(view->directory, 30);
    printw("every %u.%02u s   q quits, ? helps", view->every_ms / 1000, view->every_ms % 1000 / 10);
    move(1, 0);
    clrtoeol();
    if (view->problem != NULL) {
        attron(A_REVERSE);
        put_text(view->problem, COLS - 2);
        attroff(A_REVERSE);
        return;
    }
    printw("committer  %.0f events/s, %.0f transactions/s; %" PRIu64 " bytes wait; head %" PRIu64, model->event_rate,
        model->transaction_rate, model->committer_bytes, model->head);
    mvprintw(2, 0, "actors     %" PRIu64 ", of which %" PRIu64 " have messages: %" PRIu64 " with %" PRIu64 " bytes",
        model->alive, model->with_messages, model->queued, model->bytes);
}

static void
draw_title(int line, const char *title)
{
    attron(A_REVERSE);
    mvprintw(line, 0, "%-*s", COLS < WIDTH ? COLS : WIDTH, title);
    attroff(A_REVERSE);
}

static int
draw_handlers(const top_model *model, int line)
{
    uint32_t shown = model->handler_count < HANDLER_LINES ? model->handler_count : HANDLER_LINES;

    draw_title(line++, "HANDLER                    STATE           BEHIND   RATE/S IN FLIGHT   PARKED");
    for (uint32_t i = 0; i < shown; i++) {
        const top_handler *handler = &model->handlers[i];
        move(line++, 0);
        put_text(handler->name, 26);
        put_text(handler->state, 11);
        put_number(handler->behind, 10);
        put_number((uint64_t)(handler->rate + 0.5), 8);
        put_number(handler->in_flight, 9);
        put_number(handler->parked, 8);
    }
    return line;
}

static void
draw_actor(const top_actor *actor, top_order order, int line)
{
    int more = COLS > WIDTH ? COLS - WIDTH : 0; /* wider screens have longer names */

    move(line, 0);
    printw("%11s ", actor->pid);
    put_text(actor->name[0] != '\0' ? actor->name : "-", 11 + more / 2);
    put_text(actor->behaviour, 12 + more - more / 2);
    put_text(actor->state, 9);
    put_number(actor->queued, 7);
    put_number(order == TOP_BYTES ? actor->bytes : actor->peak, 7);
    put_number((uint64_t)(actor->rate + 0.5), 7);
    put_age(actor->oldest_ms, 7);
}

/* What they are sorted by is marked. */
static void
draw_actor_title(int line, top_order order)
{
    static const char *const titles[] = { [TOP_QUEUED] = ">QUEUED    PEAK  RATE/S  OLDEST",
        [TOP_PEAK] = " QUEUED   >PEAK  RATE/S  OLDEST",
        [TOP_BYTES] = " QUEUED  >BYTES  RATE/S  OLDEST",
        [TOP_RATE] = " QUEUED    PEAK >RATE/S  OLDEST",
        [TOP_OLDEST] = " QUEUED    PEAK  RATE/S >OLDEST" };
    int more = COLS > WIDTH ? COLS - WIDTH : 0;

    attron(A_REVERSE);
    mvprintw(line, 0, "%11s %-*s %-*s %-9s %s", "PID", 11 + more / 2, "NAME", 12 + more - more / 2, "BEHAVIOUR",
        "STATE", titles[order]);
    attroff(A_REVERSE);
}

static void
draw_help(void)
{
    static const char *const words[] = { "l  longest mailboxes first       p  the longest that they were",
        "b  by bytes in the mailbox       r  by handlers begun a second",
        "o  by what has waited longest    space  ask again now", "+  less often                    -  more often",
        "q  quit                          any other key: back", "",
        "RATE/S and OLDEST are of the 200 actors that the program told of by l, p or b.",
        "OLDEST: so long, at least, something in the mailbox has waited while top looked on.", NULL };

    for (int i = 0; words[i] != NULL; i++)
        mvaddnstr(i + 4, 0, words[i], COLS);
}

void
top_screen_draw(const top_model *model, const top_view *view)
{
    erase();
    if (COLS < WIDTH || LINES < LINES_MIN) {
        mvaddnstr(0, 0, "acta top needs 80 columns and 16 lines", COLS);
        refresh();
        return;
    }
    draw_head(model, view);
    if (view->shows_help) {
        draw_help();
        refresh();
        return;
    }
    int line = draw_handlers(model, 4) + 1;
    draw_actor_title(line++, view->order);
    for (uint32_t i = 0; i < model->actor_count && line < LINES; i++)
        draw_actor(&model->actors[i], view->order, line++);
    if (model->actor_count == 0) mvaddstr(line, 0, "          - nothing waits");
    refresh();
}

/* -- keys -- */

static top_wish
change_pace(top_view *view, bool is_slower)
{
    uint32_t every_ms = is_slower ? view->every_ms * 2 : view->every_ms / 2;

    if (every_ms >= EVERY_MS_MIN && every_ms <= EVERY_MS_MAX) view->every_ms = every_ms;
    return TOP_GO_ON;
}

static top_wish
sort_by(top_view *view, top_order order)
{
    view->order = order;
    return TOP_ANEW;
}

static top_wish
obey(top_view *view, int key)
{
    if (view->shows_help && key != 'q') {
        view->shows_help = false;
        return TOP_GO_ON;
    }
    switch (key) {
    case 'q':
        return TOP_QUIT;
    case '?':
    case 'h':
        view->shows_help = true;
        return TOP_GO_ON;
    case 'l':
        return sort_by(view, TOP_QUEUED);
    case 'p':
        return sort_by(view, TOP_PEAK);
    case 'b':
        return sort_by(view, TOP_BYTES);
    case 'r':
        return sort_by(view, TOP_RATE);
    case 'o':
        return sort_by(view, TOP_OLDEST);
    case '+':
        return change_pace(view, true);
    case '-':
        return change_pace(view, false);
    case ' ':
        return TOP_ANEW;
    default:
        return TOP_GO_ON;
    }
}

top_wish
top_screen_wait(top_view *view, int64_t ms)
{
    timeout(ms > 0 ? (int)ms : 0);
    int key = getch();
    return key == ERR ? TOP_GO_ON : obey(view, key);
}
