/*
 * Diagram: the last of what concerns a failure, as a sequence diagram in SVG, to be looked at in a browser or printed.
 *
 *     clients      Account account-1      account-1 (stream)      store
 *        |                 |                     |                  |
 *        |                 o turn                |                  |
 *        |                 |                     o event            |
 *     ====================== the process dies ===========================
 *
 * A row is a line of the trace; its text stands beside the mark on the lifeline. Crashes and starts go through all of them.
 */
#include <inttypes.h>
#include <string.h>

#include "runner.h"

enum {
    ROW_MAX = 120,
    LANE_MAX = 8,
    LANE_WIDTH = 190,
    ROW_HEIGHT = 22,
    TIME_WIDTH = 110,
    TOP = 92,
    MARGIN = 24,
    TEXT_WIDTH = 540,
    LABEL_MAX = 84, /* characters beside a mark */
    HEAD_MAX = 26   /* … on a lifeline's head */
};

typedef struct lanes {
    char names[LANE_MAX][ACTI_TRACE_WHO_MAX];
    uint32_t count;
} lanes;

typedef struct diagram {
    const acti_trace *trace;
    FILE *out;
    lanes lanes;
    uint64_t rows[ROW_MAX]; /* of the trace, newest first */
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

/* From the end, while there is room. */
static void
choose_rows(diagram *d, const acti_concern *concern)
{
    for (uint64_t i = acti_trace_kept(d->trace); i > 0 && d->row_count < ROW_MAX; i--) {
        const acti_trace_line *line = acti_trace_at(d->trace, i - 1);
        if (!acti_concerns(concern, line)) continue;
        if (!is_of_all(line->kind) && lane_of(&d->lanes, lane_name(line)) == LANE_MAX) continue;
        d->rows[d->row_count++] = i - 1;
    }
}

static uint32_t
lane_x(uint32_t lane)
{
    return MARGIN + TIME_WIDTH + lane * LANE_WIDTH + LANE_WIDTH / 2;
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
    fprintf(d->out, "</text>\n<text x=\"%d\" y=\"50\" fill=\"#b00020\" font-size=\"13\">", MARGIN);
    print_text(d->out, failure, 160);
    fputs("</text>\n", d->out);
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

static void
print_bar(const diagram *d, const acti_trace_line *line, uint32_t y)
{
    fprintf(d->out,
        "<rect x=\"%d\" y=\"%u\" width=\"%u\" height=\"18\" fill=\"%s\" fill-opacity=\"0.12\"/>\n"
        "<text x=\"%d\" y=\"%u\" fill=\"%s\" font-weight=\"bold\">",
        MARGIN + TIME_WIDTH, y - 13, d->width - 2 * MARGIN - TIME_WIDTH, colour_of(line->kind), MARGIN + TIME_WIDTH + 8,
        y, colour_of(line->kind));
    print_text(d->out, line->text, 150);
    fputs("</text>\n", d->out);
}

static void
print_mark(diagram *d, const acti_trace_line *line, uint32_t y)
{
    uint32_t x = lane_x(lane_of(&d->lanes, lane_name(line)));
    uint32_t text_x = lane_x(d->lanes.count - 1) + LANE_WIDTH / 2 + 12;

    fprintf(d->out,
        "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" stroke=\"#eee\"/>\n"
        "<circle cx=\"%u\" cy=\"%u\" r=\"5\" fill=\"%s\"/>\n<text x=\"%u\" y=\"%u\" fill=\"%s\">",
        x + 6, y - 4, text_x - 6, y - 4, x, y - 4, colour_of(line->kind), text_x, y, colour_of(line->kind));
    print_text(d->out, line->text, LABEL_MAX);
    fputs("</text>\n", d->out);
}

static void
print_row(diagram *d, uint32_t row)
{
    const acti_trace_line *line = acti_trace_at(d->trace, d->rows[d->row_count - 1 - row]);
    uint32_t y = TOP + 12 + (row + 1) * ROW_HEIGHT;

    fprintf(d->out, "<text x=\"%d\" y=\"%u\" fill=\"#888\" font-size=\"11\">%" PRIu64 "  %.6f</text>\n", MARGIN, y,
        line->step, (double)line->now_ns / 1e9 - 1.0);
    if (is_of_all(line->kind))
        print_bar(d, line, y);
    else
        print_mark(d, line, y);
}

void
acti_diagram_print(const acti_trace *trace, const char *title, const char *failure, FILE *out)
{
    diagram d = { .trace = trace, .out = out };
    acti_concern concern = acti_concern_of(failure);

    choose_rows(&d, &concern);
    d.width = 2 * MARGIN + TIME_WIDTH + d.lanes.count * LANE_WIDTH + TEXT_WIDTH;
    d.height = TOP + (d.row_count + 2) * ROW_HEIGHT + MARGIN;
    print_head(&d, title, failure);
    print_lanes(&d);
    for (uint32_t row = 0; row < d.row_count; row++)
        print_row(&d, row);
    fputs("</svg>\n", out);
}
