/*
 * Progress bar. See progress.h. One line, at most 80 columns:
 *
 *     transfers  ████████████████░░░░░░░░░░░░░░  53 %  10,600 of 20,000  2.4 s
 */
#include "progress.h"

#include "cli.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WIDTH_MAX = 79, /* one less than 80: some terminals wrap at the last column */
    TITLE_WIDTH = 10,
    BAR_MAX = 30,
    BAR_MIN = 5,
    DRAW_NS = 80 * 1000000,
};
#define LINE_NS UINT64_C(2000000000)

void
progress_begin(progress *p, const char *title, uint64_t total, const char *unit)
{
    const char *terminal = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");

    setlocale(LC_CTYPE, "");
    *p = (progress){ .title = title, .unit = unit, .total = total, .begun_ns = cli_now_ns() };
    p->is_terminal = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    p->is_coloured = p->is_terminal && (no_color == NULL || no_color[0] == '\0');
    p->is_unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    p->shown_ns = p->begun_ns;
}

static int
terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return WIDTH_MAX;
    return size.ws_col - 1 < WIDTH_MAX ? size.ws_col - 1 : WIDTH_MAX;
}

/* "53 %  10,600 of 20,000  2.4 s" */
static int
format_numbers(const progress *p, uint64_t done, char *text, size_t size)
{
    char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE];
    double seconds = (double)(cli_now_ns() - p->begun_ns) / 1e9;

    if (p->total == 0) return snprintf(text, size, "%s%s  %.1f s", cli_format((int64_t)done, a), p->unit, seconds);
    return snprintf(text, size, "%3d %%  %s of %s%s  %.1f s", (int)(done * 100 / p->total),
        cli_format((int64_t)done, a), cli_format((int64_t)p->total, b), p->unit, seconds);
}

static void
put_bar(const progress *p, uint64_t done, int width)
{
    int full = p->total > 0 ? (int)(done * (uint64_t)width / p->total) : 0;

    if (p->is_coloured) fputs("\033[32m", stderr);
    for (int i = 0; i < width; i++) {
        if (p->is_unicode)
            fputs(i < full ? "█" : "░", stderr);
        else
            fputc(i < full ? '#' : '.', stderr);
    }
    if (p->is_coloured) fputs("\033[0m", stderr);
}

static void
draw(const progress *p, uint64_t done)
{
    char numbers[128];
    int size = format_numbers(p, done, numbers, sizeof numbers);
    int bar = terminal_width() - TITLE_WIDTH - 4 - size;

    fprintf(stderr, "\r%-*s ", TITLE_WIDTH, p->title);
    if (p->total > 0 && bar >= BAR_MIN) {
        put_bar(p, done, bar < BAR_MAX ? bar : BAR_MAX);
        fputc(' ', stderr);
    }
    fprintf(stderr, "%s\033[K", numbers); /* and wipe what was longer */
    fflush(stderr);
}

void
progress_show(progress *p, uint64_t done)
{
    char numbers[128];
    uint64_t now_ns = cli_now_ns();

    if (p->total > 0 && done > p->total) done = p->total;
    if (now_ns - p->shown_ns < (p->is_terminal ? DRAW_NS : LINE_NS)) return;
    p->shown_ns = now_ns;
    p->was_shown = true;
    if (p->is_terminal) {
        draw(p, done);
        return;
    }
    format_numbers(p, done, numbers, sizeof numbers);
    fprintf(stderr, "%-*s %s\n", TITLE_WIDTH, p->title, numbers);
}

void
progress_end(progress *p, uint64_t done)
{
    char numbers[128];

    if (p->total > 0 && done > p->total) done = p->total;
    if (p->is_terminal) {
        draw(p, done);
        fputc('\n', stderr);
        return;
    }
    format_numbers(p, done, numbers, sizeof numbers);
    fprintf(stderr, "%-*s %s\n", TITLE_WIDTH, p->title, numbers);
}

void
progress_end_if_shown(progress *p, uint64_t done)
{
    if (p->was_shown) progress_end(p, done);
}
