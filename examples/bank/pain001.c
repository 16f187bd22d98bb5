/*
 * pain.001 by libxml2. See pain.h.
 *
 *     Document / CstmrCdtTrfInitn / GrpHdr                     MsgId, NbOfTxs, CtrlSum
 *                                 / PmtInf                     PmtInfId, DbtrAcct
 *                                          / CdtTrfTxInf       EndToEndId, InstdAmt, CdtrAcct
 *
 * The file is read as a whole, up to PAIN_FILE_MAX bytes, and parsed in memory: libxml2 opens nothing. Its own limits (depth,
 * length of a text) stay as they are.
 */
#include "pain.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char NAMESPACE[] = "urn:iso:std:iso:20022:tech:xsd:";

typedef struct reading {
    const char *path;
    pain_file *file;
    acta_error *error;
} reading;

static acta_status ACTA_PRINTF(3, 4) invalid(const reading *r, const xmlNode *node, const char *format, ...)
{
    char text[ACTA_ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return acta_error_set(
        r->error, ACTA_INVALID, "%s:%ld: %s: %s", r->path, xmlGetLineNo(node), (const char *)node->name, text);
}

/* -- elements -- */

static bool
is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* The first of this name from `node` on; NULL: there is none. */
static const xmlNode *
first_of(const xmlNode *node, const char *name)
{
    while (node != NULL && !is_element(node, name))
        node = node->next;
    return node;
}

/* The only text in an element; NULL: it has none, or more than a text. */
static const char *
text_in(const xmlNode *node)
{
    const xmlNode *child = node->children;
    bool is_text = child != NULL && child->next == NULL && child->type == XML_TEXT_NODE;
    return is_text ? (const char *)child->content : NULL;
}

static acta_status
find(const reading *r, const xmlNode *parent, const char *name, const xmlNode **node_out)
{
    *node_out = first_of(parent->children, name);
    return *node_out != NULL ? ACTA_OK : invalid(r, parent, "%s is missing in it", name);
}

static acta_status
find_text(const reading *r, const xmlNode *parent, const char *name, const char **text_out)
{
    const xmlNode *node;

    acta_status status = find(r, parent, name, &node);
    if (status != ACTA_OK) return status;
    *text_out = text_in(node);
    if (*text_out == NULL) return invalid(r, node, "a text is expected in it");
    if (strlen(*text_out) > PAIN_TEXT_MAX) return invalid(r, node, "it is longer than 35 characters");
    return ACTA_OK;
}

/* Acct/Id/IBAN, or Acct/Id/Othr/Id. */
static acta_status
find_account(const reading *r, const xmlNode *parent, const char *name, const char **account_out)
{
    const xmlNode *account, *id, *other;

    acta_status status = find(r, parent, name, &account);
    if (status == ACTA_OK) status = find(r, account, "Id", &id);
    if (status != ACTA_OK) return status;
    if (first_of(id->children, "IBAN") != NULL) return find_text(r, id, "IBAN", account_out);
    status = find(r, id, "Othr", &other);
    return status == ACTA_OK ? find_text(r, other, "Id", account_out) : status;
}

/* -- amounts -- */

/* "12.50", "12.5", "12" as 1250, 1250, 1200: up to 16 digits in all, two of them behind the point. */
static bool
parse_amount(const char *text, int64_t *amount_out)
{
    int64_t amount = 0;
    int digit_count = 0, behind = -1; /* digits behind the point; -1: none was seen */

    for (; *text != '\0'; text++) {
        if (*text == '.' && behind < 0 && digit_count > 0) {
            behind = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || ++digit_count > 16) return false;
        if (behind >= 0 && ++behind > 2) return false;
        amount = amount * 10 + (*text - '0');
    }
    for (int i = behind < 0 ? 0 : behind; i < 2; i++)
        amount *= 10;
    *amount_out = amount;
    return digit_count > 0 && behind != 0;
}

static acta_status
read_amount(const reading *r, const xmlNode *transaction, pain_payment *payment)
{
    const xmlNode *amount, *instructed;
    const char *text;

    acta_status status = find(r, transaction, "Amt", &amount);
    if (status == ACTA_OK) status = find(r, amount, "InstdAmt", &instructed);
    if (status == ACTA_OK) status = find_text(r, amount, "InstdAmt", &text);
    if (status != ACTA_OK) return status;
    xmlChar *currency = xmlGetProp(instructed, (const xmlChar *)"Ccy");
    bool is_ours = currency != NULL && strcmp((const char *)currency, "EUR") == 0;
    xmlFree(currency);
    if (!is_ours) pain_reject(payment, "AM03", "InstdAmt: the currency must be EUR");
    if (!parse_amount(text, &payment->amount)) pain_reject(payment, "AM12", "InstdAmt: '%.20s' is no amount", text);
    return ACTA_OK;
}

/* -- payments -- */

static acta_status
read_transaction(const reading *r, const xmlNode *transaction, const char *group_id, const char *debtor)
{
    pain_file *file = r->file;
    pain_payment *payments = realloc(file->payments, (file->payment_count + 1) * sizeof *payments);
    const xmlNode *id;

    if (payments == NULL) return acta_error_set(r->error, ACTA_NO_MEMORY, "cannot read '%s': no memory", r->path);
    file->payments = payments;
    pain_payment *payment = &payments[file->payment_count++];
    *payment = (pain_payment){ .line = (uint64_t)xmlGetLineNo(transaction), .group_id = group_id, .debtor = debtor };
    acta_status status = find(r, transaction, "PmtId", &id);
    if (status == ACTA_OK) status = find_text(r, id, "EndToEndId", &payment->end_to_end_id);
    if (status == ACTA_OK) status = find_account(r, transaction, "CdtrAcct", &payment->creditor);
    return status == ACTA_OK ? read_amount(r, transaction, payment) : status;
}

static acta_status
read_group(const reading *r, const xmlNode *group)
{
    const char *group_id, *debtor;

    acta_status status = find_text(r, group, "PmtInfId", &group_id);
    if (status == ACTA_OK) status = find_account(r, group, "DbtrAcct", &debtor);
    const xmlNode *transaction = group->children;
    while (status == ACTA_OK && (transaction = first_of(transaction, "CdtTrfTxInf")) != NULL) {
        status = read_transaction(r, transaction, group_id, debtor);
        transaction = transaction->next;
    }
    return status;
}

/* What the sender has counted: a file that was cut or changed on its way is found by it. */
static acta_status
check_counts(const reading *r, const xmlNode *header)
{
    const pain_file *file = r->file;
    const char *text;
    char counted[16];
    int64_t said, sum = 0;

    acta_status status = find_text(r, header, "NbOfTxs", &text);
    if (status != ACTA_OK) return status;
    snprintf(counted, sizeof counted, "%" PRIu32, file->payment_count);
    if (strcmp(text, counted) != 0) return invalid(r, header, "NbOfTxs is '%s', but there are %s", text, counted);
    if (first_of(header->children, "CtrlSum") == NULL) return ACTA_OK;
    status = find_text(r, header, "CtrlSum", &text);
    if (status != ACTA_OK) return status;
    for (uint32_t i = 0; i < file->payment_count; i++) {
        if (strcmp(file->payments[i].code, "AM12") == 0) return ACTA_OK; /* one that can't be added up */
        if (__builtin_add_overflow(sum, file->payments[i].amount, &sum))
            return invalid(r, header, "CtrlSum is too large");
    }
    if (!parse_amount(text, &said) || said != sum)
        return invalid(r, header, "CtrlSum is '%s', but the sum is %" PRId64 ".%02" PRId64, text, sum / 100, sum % 100);
    return ACTA_OK;
}

static acta_status
read_document(const reading *r, const xmlNode *document)
{
    const char *namespace = document->ns != NULL ? (const char *)document->ns->href : "";
    const xmlNode *body, *header;

    if (!is_element(document, "Document") || strncmp(namespace, NAMESPACE, sizeof NAMESPACE - 1) != 0 ||
        strncmp(namespace + sizeof NAMESPACE - 1, "pain.001.", 9) != 0)
        return invalid(r, document, "it is no pain.001 of ISO 20022");
    snprintf(r->file->message_name, sizeof r->file->message_name, "%s", namespace + sizeof NAMESPACE - 1);
    acta_status status = find(r, document, "CstmrCdtTrfInitn", &body);
    if (status == ACTA_OK) status = find(r, body, "GrpHdr", &header);
    if (status == ACTA_OK) status = find_text(r, header, "MsgId", &r->file->message_id);
    const xmlNode *group = status == ACTA_OK ? body->children : NULL;
    while (status == ACTA_OK && (group = first_of(group, "PmtInf")) != NULL) {
        status = read_group(r, group);
        group = group->next;
    }
    return status == ACTA_OK ? check_counts(r, header) : status;
}

/* -- the file -- */

/* Called before anything of a document type is looked at. */
static void
refuse_document_type(void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
    xmlParserCtxt *parser = context;

    (void)name;
    (void)external_id;
    (void)system_id;
    parser->_private = parser; /* noted: it has one */
    xmlStopParser(parser);
}

static acta_status
parse(const reading *r, const char *bytes, size_t size)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();

    if (parser == NULL) return acta_error_set(r->error, ACTA_NO_MEMORY, "cannot read '%s': no memory", r->path);
    parser->sax->internalSubset = refuse_document_type;
    xmlDoc *document = xmlCtxtReadMemory(parser, bytes, (int)size, r->path, NULL,
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
    const xmlError *why = xmlCtxtGetLastError(parser);
    acta_status status = ACTA_OK;
    if (parser->_private != NULL)
        status = acta_error_set(r->error, ACTA_INVALID, "%s:%d: DOCTYPE: a document type is not taken", r->path,
            parser->input != NULL ? parser->input->line : 1);
    else if (document == NULL)
        status = acta_error_set(r->error, ACTA_INVALID, "%s:%d: no XML: %.*s", r->path, why != NULL ? why->line : 1,
            why != NULL ? (int)strcspn(why->message, "\n") : 0, why != NULL ? why->message : "");
    r->file->document = document;
    xmlFreeParserCtxt(parser);
    return status;
}

static acta_status
read_bytes(const char *path, char *bytes, size_t *size_out, acta_error *error)
{
    FILE *stream = fopen(path, "re");

    if (stream == NULL) return acta_error_set(error, ACTA_IO, "cannot read '%s': %s", path, strerror(errno));
    *size_out = fread(bytes, 1, PAIN_FILE_MAX + 1, stream);
    bool is_read = ferror(stream) == 0;
    int why = errno;
    fclose(stream);
    if (!is_read) return acta_error_set(error, ACTA_IO, "cannot read '%s': %s", path, strerror(why));
    if (*size_out > PAIN_FILE_MAX)
        return acta_error_set(error, ACTA_INVALID, "%s:1: it is larger than %d bytes", path, (int)PAIN_FILE_MAX);
    return ACTA_OK;
}

acta_status
pain_open(const char *path, pain_file **file_out, acta_error *error)
{
    pain_file *file = calloc(1, sizeof *file);
    char *bytes = malloc(PAIN_FILE_MAX + 1);
    const reading r = { path, file, error };
    size_t size = 0;

    acta_status status = file != NULL && bytes != NULL
                             ? read_bytes(path, bytes, &size, error)
                             : acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s': no memory", path);
    if (status == ACTA_OK) status = parse(&r, bytes, size);
    if (status == ACTA_OK) status = read_document(&r, xmlDocGetRootElement(file->document));
    free(bytes);
    if (status == ACTA_OK)
        *file_out = file;
    else
        pain_close(file);
    return status;
}

void
pain_close(pain_file *file)
{
    if (file == NULL) return;
    xmlFreeDoc(file->document);
    free(file->payments);
    free(file);
}

void
pain_reject(pain_payment *payment, const char *code, const char *format, ...)
{
    va_list arguments;

    if (payment->code[0] != '\0') return;
    snprintf(payment->code, sizeof payment->code, "%s", code);
    va_start(arguments, format);
    vsnprintf(payment->reason, sizeof payment->reason, format, arguments);
    va_end(arguments);
    acta_str whole = acta_str_of(payment->reason);
    while (!acta_str_is_utf8(whole)) /* what was cut to fit may end within a character */
        whole.size--;
    payment->reason[whole.size] = '\0';
}
