/*
 * What the commands share that ask a running program (client.h): answers as JSON, problems told, tables for people.
 */
#ifndef TOOLS_SERVED_H
#define TOOLS_SERVED_H

#include "client.h"
#include "json.h"

typedef enum served_presence { MUST_BE_THERE, MAY_BE_MISSING } served_presence;

/*
 * Ask, and read the answer as JSON. False: nobody answered, or it was a problem (RFC 9457); it has been told on stderr. With
 * MAY_BE_MISSING 404 is no problem: the answer is then NULL.
 */
bool served_ask(
    const client_request *request, acta_memory *memory, served_presence presence, const json_value **answer_out);

/* Ask for one thing, and print it: as the JSON that came, or by `print`. Gives the exit status: 0, or 1 and it has been told. */
int served_show(
    const client_request *request, acta_memory *memory, bool as_json, void (*print)(const json_value *answer));

typedef enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_TIME } column_kind;

typedef struct served_column {
    const char *key, *title;
    column_kind kind; /* numbers stand on the right; times are cut to seconds */
    int width;        /* characters; longer text is cut, and ends in "…"; numbers are whole */
} served_column;

/*
 * An array of objects as a table, each row with its `why` beneath it, if it has one. Control characters are shown as '?'.
 *
 *   columns  up to one without a key
 */
void served_table(const json_value *rows, const served_column *columns);

/* To stdout; a terminal does as control characters say, and these are somebody's data: they are shown as '?'. */
void put_shown(acta_str text);

/* Line by line: the titles; and a row, whose first column begins `indent` characters further to the right. */
void served_head(const served_column *columns);
void served_row(const json_value *row, const served_column *columns, int indent);

/* The members of an object, one a line. */
void served_fields(const json_value *object);

/* An array's items as they are, one a line. */
void served_lines(const json_value *rows);

#endif
