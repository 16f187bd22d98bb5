/*
 * pain.002 by libxml2's writer, which quotes what must be quoted. See pain.h.
 *
 *     Document / CstmrPmtStsRpt / GrpHdr
 *                               / OrgnlGrpInfAndSts          ACSC all executed, PART some, RJCT none
 *                               / OrgnlPmtInfAndSts          one for each PmtInf
 *                                     / TxInfAndSts          ACSC executed, RJCT and why
 */
#include "pain.h"

#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <time.h>

/* libxml2 says at the end whether all of it was written. */
static void
begin(xmlTextWriter *out, const char *name)
{
    xmlTextWriterStartElement(out, (const xmlChar *)name);
}

static void
end(xmlTextWriter *out)
{
    xmlTextWriterEndElement(out);
}

static void
text(xmlTextWriter *out, const char *name, const char *content)
{
    xmlTextWriterWriteElement(out, (const xmlChar *)name, (const xmlChar *)content);
}

static void
write_header(xmlTextWriter *out, const pain_file *file, int64_t now_us)
{
    char id[36], when[32];
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm utc;

    snprintf(id, sizeof id, "STS-%lld", (long long)now_us);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    begin(out, "GrpHdr");
    text(out, "MsgId", id);
    text(out, "CreDtTm", when);
    end(out);

    uint32_t rejected_count = 0;
    for (uint32_t i = 0; i < file->payment_count; i++)
        rejected_count += file->payments[i].code[0] != '\0';
    const char *status = rejected_count == 0 ? "ACSC" : rejected_count == file->payment_count ? "RJCT" : "PART";
    begin(out, "OrgnlGrpInfAndSts");
    text(out, "OrgnlMsgId", file->message_id);
    text(out, "OrgnlMsgNmId", file->message_name);
    text(out, "GrpSts", status);
    end(out);
}

static void
write_payment(xmlTextWriter *out, const pain_payment *payment)
{
    bool is_rejected = payment->code[0] != '\0';

    begin(out, "TxInfAndSts");
    text(out, "OrgnlEndToEndId", payment->end_to_end_id);
    text(out, "TxSts", is_rejected ? "RJCT" : "ACSC");
    if (is_rejected) {
        begin(out, "StsRsnInf");
        begin(out, "Rsn");
        text(out, "Cd", payment->code);
        end(out);
        text(out, "AddtlInf", payment->reason);
        end(out);
    }
    end(out);
}

static void
write_payments(xmlTextWriter *out, const pain_file *file)
{
    const char *group_id = NULL;

    for (uint32_t i = 0; i < file->payment_count; i++) {
        const pain_payment *payment = &file->payments[i];
        if (payment->group_id != group_id) { /* the same element's text, so the same pointer */
            if (group_id != NULL) end(out);
            group_id = payment->group_id;
            begin(out, "OrgnlPmtInfAndSts");
            text(out, "OrgnlPmtInfId", group_id);
        }
        write_payment(out, payment);
    }
    if (group_id != NULL) end(out);
}

acta_status
pain_write_report(const pain_file *file, const char *path, int64_t now_us, acta_error *error)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *out = buffer != NULL ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    FILE *stream = out != NULL ? fopen(path, "we") : NULL;
    bool is_written = false;

    if (stream != NULL) {
        xmlTextWriterSetIndent(out, 1);
        xmlTextWriterStartDocument(out, NULL, "UTF-8", NULL);
        xmlTextWriterStartElementNS(
            out, NULL, (const xmlChar *)"Document", (const xmlChar *)"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03");
        begin(out, "CstmrPmtStsRpt");
        write_header(out, file, now_us);
        write_payments(out, file);
        is_written = xmlTextWriterEndDocument(out) >= 0 && fputs((const char *)xmlBufferContent(buffer), stream) >= 0;
        is_written = fclose(stream) == 0 && is_written;
    }
    xmlFreeTextWriter(out);
    xmlBufferFree(buffer);
    return is_written ? ACTA_OK : acta_error_set(error, ACTA_IO, "cannot write the report '%s'", path);
}
