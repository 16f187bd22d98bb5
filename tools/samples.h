/*
 * The samples of an OpenMetrics text, as the gateway writes it.
 */
#ifndef TOOLS_SAMPLES_H
#define TOOLS_SAMPLES_H

#include "acta/str.h"

typedef struct sample {
    acta_str name;
    acta_str labels; /* what is between the braces; "": none */
    acta_str value;
} sample;

/* The next sample; `text` moves behind it. Lines that are none are passed over. False: there are no more. */
bool sample_next(acta_str *text, sample *sample_out);

/* The next label of those; `labels` moves behind it. The value is without its quotes, and escaped as it was. */
bool sample_label(acta_str *labels, acta_str *name_out, acta_str *value_out);

#endif
