/*
 * See served.h.
 */
#include "served.h"

#include <stdio.h>

enum { WHY_WIDTH = 74, NOT_FOUND = 404 };

/* -- asking -- */

static void
put_shown_to(FILE *file, acta_str text)
{
    while (text.size > 0) {
        size_t control = acta_str_control(text), taken = control > 0 ? control : 1;
        putc(control > 0 ? '?' : text.data[0], file);
        text = acta_str_from(text.data + taken, text.size - taken);
    }
}

void
put_shown(acta_str text)
{
    put_shown_to(stdout, text);
}

static void
tell_in_brackets(const char *what, acta_str text)
{
    if (text.size == 0) return;
    fprintf(stderr, " (%s", what);
    put_shown_to(stderr, text);
    fputc(')', stderr);
}

static void
tell_problem(const client_answer *answer, const json_value *problem)
{
    acta_str detail = json_text(problem, "detail"), field = json_text(problem, "field");
    acta_str rejection = json_text(problem, "rejection");

    if (detail.size == 0) {
        fprintf(stderr, "acta: the program answered with status %u, and no reason\n", answer->status);
        return;
    }
    fputs("acta: ", stderr);
    put_shown_to(stderr, detail);
    tell_in_brackets("field ", field);
    tell_in_brackets("", rejection);
    fputc('\n', stderr);
}

/* False: nobody has answered with JSON, which has been told. */
static bool
get_answer(const client_request *request, acta_memory *memory, client_answer *answer_out, const json_value **value_out)
{
    acta_error error;

    acta_status status = client_ask(request, memory, answer_out, &error);
    if (status != ACTA_OK) {
        fprintf(stderr, "acta: %s\n", error.text);
        return false;
    }
    status = json_read(answer_out->body, memory, value_out, &error);
    if (status != ACTA_OK) fprintf(stderr, "acta: the answer is %s\n", error.text);
    return status == ACTA_OK;
}

bool
served_ask(const client_request *request, acta_memory *memory, served_presence presence, const json_value **answer_out)
{
    client_answer answer;

    if (!get_answer(request, memory, &answer, answer_out)) return false;
    if (answer.status / 100 == 2) return true;
    bool is_missing = answer.status == NOT_FOUND && presence == MAY_BE_MISSING;
    if (!is_missing) tell_problem(&answer, *answer_out);
    *answer_out = NULL;
    return is_missing;
}

int
served_show(const client_request *request, acta_memory *memory, bool as_json, void (*print)(const json_value *answer))
{
    const json_value *answer;

    if (!served_ask(request, memory, MUST_BE_THERE, &answer)) return 1;
    if (as_json)
        printf(ACTA_FMT "\n", ACTA_ARG(answer->raw));
    else
        print(answer);
    return 0;
}

/* -- tables -- */

/* Bytes of the first so many characters. */
static size_t
bytes_of(acta_str text, int characters)
{
    size_t at = 0;

    for (; at < text.size; at++)
        if (((unsigned char)text.data[at] & 0xC0) != 0x80 && characters-- == 0) break;
    return at;
}

static int
characters_of(acta_str text)
{
    int count = 0;

    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

static void
put_cell(acta_str text, const served_column *column, bool is_last)
{
    bool is_cut = false;

    if (column->kind == COLUMN_TIME && text.size > 19) text.size = 19; /* 2026-11-21T10:30:00 */
    if (column->kind == COLUMN_TEXT && characters_of(text) > column->width) {
        text.size = bytes_of(text, column->width - 1);
        is_cut = true;
    }
    int space = column->width - characters_of(text) - is_cut;
    if (space < 0) space = 0;
    if (column->kind == COLUMN_NUMBER) printf("%*s", space, "");
    put_shown(text);
    if (is_cut) fputs("…", stdout);
    if (!is_last && column->kind != COLUMN_NUMBER) printf("%*s", space, "");
    putchar(is_last ? '\n' : ' ');
}

/* What of it goes on one line: up to the last space, or as much as there is room for. */
static size_t
line_of(acta_str why)
{
    size_t size = bytes_of(why, WHY_WIDTH), at = size;

    if (size == why.size) return size;
    while (at > 0 && why.data[at] != ' ')
        at--;
    return at > 0 ? at : size;
}

static void
put_why(acta_str why)
{
    while (why.size > 0) {
        size_t size = line_of(why);
        fputs("    ", stdout);
        put_shown(acta_str_from(why.data, size));
        putchar('\n');
        if (size < why.size && why.data[size] == ' ') size++;
        why = acta_str_from(why.data + size, why.size - size);
    }
}

void
served_head(const served_column *columns)
{
    for (const served_column *c = columns; c->key != NULL; c++)
        put_cell(acta_str_of(c->title), c, c[1].key == NULL);
}

void
served_row(const json_value *row, const served_column *columns, int indent)
{
    served_column first = columns[0];

    printf("%*s", indent, "");
    first.width -= indent;
    for (const served_column *c = columns; c->key != NULL; c++) {
        acta_str text = json_text(row, c->key);
        put_cell(text.size > 0 ? text : acta_str_of("-"), c == columns ? &first : c, c[1].key == NULL);
    }
    put_why(json_text(row, "why"));
}

void
served_table(const json_value *rows, const served_column *columns)
{
    served_head(columns);
    for (const json_value *row = rows != NULL ? rows->first : NULL; row != NULL; row = row->next)
        served_row(row, columns, 0);
}

void
served_lines(const json_value *rows)
{
    for (const json_value *row = rows != NULL ? rows->first : NULL; row != NULL; row = row->next)
        printf(ACTA_FMT "\n", ACTA_ARG(row->raw));
}

void
served_fields(const json_value *object)
{
    for (const json_value *member = object->first; member != NULL; member = member->next) {
        printf("%-15.*s  ", ACTA_ARG(member->key));
        put_shown(member->text);
        putchar('\n');
    }
}
