/*
 * Diagram: the last of what concerns a failure, as a sequence diagram in SVG, to be looked at in a browser or printed.
 *
 *     clients      Account account-1      account-1 (stream)      store
 *        |                 |                     |                  |
 *        |                 o command Deposit     |                  |
 *        |                 |                     o version 2 …      |
 *     ====================== disk-error: a sync fails ===================
 *     ====================== the process dies ===========================
 *
 * A row is a line of the trace; its text stands beside the mark on the lifeline. Crashes, starts and faults go through all.
 */
#include <inttypes.h>
#include <string.h>

#include "faults.h"
#include "runner.h"

enum {
    ROW_MAX = 120,
    LANE_MAX = 8,
    LANE_WIDTH = 190,
    ROW_HEIGHT = 22,
    TIME_WIDTH = 110,
    TOP = 110,
    FAILURE_LINES = 2,
    FAILURE_MAX = 150, /* characters of it on a line */
    MARGIN = 24,
    TEXT_WIDTH = 540,
    LABEL_MAX = 84, /* characters beside a mark */
    HEAD_MAX = 26   /* … on a lifeline's head */
};

typedef struct lanes {
    char names[LANE_MAX][ACTI_TRACE_WHO_MAX];
    uint32_t count;
} lanes;

/* A line of the trace, and how often it came in a row. */
typedef struct row {
    uint64_t line, times;
} row;

typedef struct diagram {
    const acti_trace *trace;
    FILE *out;
    lanes lanes;
    row rows[ROW_MAX]; /* newest first */
    uint32_t row_count;
    uint32_t width, height;
} diagram;

/* As text of XML; cut with "…". */
static void
print_text(FILE *out, const char *text, size_t length_max)
{
    size_t length = 0;

    for (; *text != '\0'; text++) {
        bool is_inner = ((unsigned char)*text & 0xc0) == 0x80; /* of a character in UTF-8 */
        if (!is_inner && length++ == length_max) {
            fputs("…", out);
            return;
        }
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
        }
    }
}

/* Through all lifelines. */
static bool
is_of_all(acti_told_kind kind)
{
    return kind == ACTI_TOLD_CRASH || kind == ACTI_TOLD_START || kind == ACTI_TOLD_FAULT;
}

static const char *
lane_name(const acti_trace_line *line)
{
    if (line->who[0] != '\0') return line->who;
    switch (line->kind) {
    case ACTI_TOLD_CLIENT:
        return "clients";
    case ACTI_TOLD_COMMIT:
        return "store";
    case ACTI_TOLD_CLOCK:
        return "clock";
    default:
        return "log";
    }
}

/* LANE_MAX: there is no room for one more. */
static uint32_t
lane_of(lanes *l, const char *name)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (strcmp(l->names[i], name) == 0) return i;
    }
    if (l->count == LANE_MAX) return LANE_MAX;
    snprintf(l->names[l->count], sizeof l->names[0], "%s", name);
    return l->count++;
}

static bool
is_same(const acti_trace_line *a, const acti_trace_line *b)
{
    return a->kind == b->kind && strcmp(a->who, b->who) == 0 && strcmp(a->text, b->text) == 0;
}

/* From the end, while there is room; a line that comes again and again is one row. */
static void
choose_rows(diagram *d, const acti_concern *concern)
{
    for (uint64_t i = acti_trace_kept(d->trace); i > 0; i--) {
        const acti_trace_line *line = acti_trace_at(d->trace, i - 1);
        row *newer = d->row_count > 0 ? &d->rows[d->row_count - 1] : NULL;
        if (!acti_concerns(concern, line)) continue;
        if (!is_of_all(line->kind) && lane_of(&d->lanes, lane_name(line)) == LANE_MAX) continue;
        if (newer != NULL && is_same(line, acti_trace_at(d->trace, newer->line))) {
            newer->line = i - 1;
            newer->times++;
            continue;
        }
        if (d->row_count == ROW_MAX) return;
        d->rows[d->row_count++] = (row){ .line = i - 1, .times = 1 };
    }
}

/* In the order in which they are first seen from above. */
static void
order_lanes(diagram *d)
{
    d->lanes.count = 0;
    for (uint32_t i = d->row_count; i > 0; i--) {
        const acti_trace_line *line = acti_trace_at(d->trace, d->rows[i - 1].line);
        if (!is_of_all(line->kind)) lane_of(&d->lanes, lane_name(line));
    }
}

static uint32_t
lane_x(uint32_t lane)
{
    return MARGIN + TIME_WIDTH + lane * LANE_WIDTH + LANE_WIDTH / 2;
}

/* As many bytes as have room, up to the end of a word. */
static size_t
length_of_line(const char *text, size_t max)
{
    size_t length = strlen(text);

    if (length <= max) return length;
    for (length = max; length > 0 && text[length] != ' '; length--)
        ;
    return length > 0 ? length : max;
}

static void
print_head(const diagram *d, const char *title, const char *failure)
{
    fprintf(d->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
        d->width, d->height, d->width, d->height);
    fprintf(d->out, "<text x=\"%d\" y=\"28\" font-size=\"16\" font-weight=\"bold\">", MARGIN);
    print_text(d->out, title, LABEL_MAX);
    fputs("</text>\n", d->out);
    for (uint32_t line = 0; line < FAILURE_LINES && *failure != '\0'; line++) {
        size_t length = length_of_line(failure, line + 1 == FAILURE_LINES ? SIZE_MAX : FAILURE_MAX);
        fprintf(d->out, "<text x=\"%d\" y=\"%" PRIu32 "\" fill=\"#b00020\" font-size=\"13\">", MARGIN, 48 + 16 * line);
        print_text(d->out, failure, length < FAILURE_MAX ? length : FAILURE_MAX);
        fputs("</text>\n", d->out);
        failure += length;
    }
}

static void
print_lanes(const diagram *d)
{
    for (uint32_t i = 0; i < d->lanes.count; i++) {
        uint32_t x = lane_x(i);
        fprintf(d->out,
            "<line x1=\"%u\" y1=\"%d\" x2=\"%u\" y2=\"%u\" stroke=\"#bbb\" stroke-dasharray=\"3 3\"/>\n"
            "<rect x=\"%u\" y=\"%d\" width=\"%d\" height=\"24\" rx=\"4\" fill=\"#e8eef7\" stroke=\"#5b7db1\"/>\n"
            "<text x=\"%u\" y=\"%d\" text-anchor=\"middle\">",
            x, TOP - 8, x, d->height - MARGIN, x - LANE_WIDTH / 2 + 6, TOP - 30, LANE_WIDTH - 12, x, TOP - 14);
        print_text(d->out, d->lanes.names[i], HEAD_MAX);
        fputs("</text>\n", d->out);
    }
}

static const char *
colour_of(acti_told_kind kind)
{
    switch (kind) {
    case ACTI_TOLD_EVENT:
        return "#1b7f3b";
    case ACTI_TOLD_END:
    case ACTI_TOLD_CRASH:
    case ACTI_TOLD_FAULT:
        return "#b00020";
    case ACTI_TOLD_COMMIT:
        return "#8a5a00";
    default:
        return "#33557f";
    }
}

/* What many seeds do at their sites is told in grey: it is seldom what matters. */
static void
print_bar(const diagram *d, const acti_trace_line *line, uint32_t y)
{
    bool is_site = strcmp(line->who, acti_fault_name(ACTA_SIM_FAULT_SITES)) == 0;
    const char *colour = is_site ? "#777" : colour_of(line->kind);

    fprintf(d->out,
        "<rect x=\"%d\" y=\"%u\" width=\"%u\" height=\"18\" fill=\"%s\" fill-opacity=\"%s\"/>\n"
        "<text x=\"%d\" y=\"%u\" fill=\"%s\"%s>",
        MARGIN + TIME_WIDTH, y - 13, d->width - 2 * MARGIN - TIME_WIDTH, colour, is_site ? "0.06" : "0.14",
        MARGIN + TIME_WIDTH + 8, y, colour, is_site ? "" : " font-weight=\"bold\"");
    if (line->who[0] != '\0') {
        print_text(d->out, line->who, HEAD_MAX);
        fputs(": ", d->out);
    }
    print_text(d->out, line->text, 150);
}

/* Beside the mark, with a rim that keeps the lifelines off. */
static void
print_mark(diagram *d, const acti_trace_line *line, uint32_t y)
{
    uint32_t x = lane_x(lane_of(&d->lanes, lane_name(line)));

    fprintf(d->out,
        "<circle cx=\"%u\" cy=\"%u\" r=\"5\" fill=\"%s\"/>\n"
        "<text x=\"%u\" y=\"%u\" fill=\"%s\" stroke=\"#fff\" stroke-width=\"4\" paint-order=\"stroke\">",
        x, y - 4, colour_of(line->kind), x + 10, y, colour_of(line->kind));
    print_text(d->out, line->text, LABEL_MAX);
}

static void
print_row(diagram *d, uint32_t number)
{
    const row *r = &d->rows[d->row_count - 1 - number];
    const acti_trace_line *line = acti_trace_at(d->trace, r->line);
    uint32_t y = TOP + 12 + (number + 1) * ROW_HEIGHT;

    fprintf(d->out, "<text x=\"%d\" y=\"%u\" fill=\"#888\" font-size=\"11\">%" PRIu64 "  %.6f</text>\n", MARGIN, y,
        line->step, (double)line->now_ns / 1e9 - 1.0);
    if (is_of_all(line->kind))
        print_bar(d, line, y);
    else
        print_mark(d, line, y);
    if (r->times > 1) fprintf(d->out, ", %" PRIu64 " times", r->times);
    fputs("</text>\n", d->out);
}

void
acti_diagram_print(const acti_trace *trace, const char *title, const char *failure, FILE *out)
{
    diagram d = { .trace = trace, .out = out };
    acti_concern concern = acti_concern_of(failure);

    choose_rows(&d, &concern);
    order_lanes(&d);
    d.width = 2 * MARGIN + TIME_WIDTH + d.lanes.count * LANE_WIDTH + TEXT_WIDTH;
    d.height = TOP + (d.row_count + 2) * ROW_HEIGHT + MARGIN;
    print_head(&d, title, failure);
    print_lanes(&d);
    for (uint32_t i = 0; i < d.row_count; i++)
        print_row(&d, i);
    fputs("</svg>\n", out);
}
