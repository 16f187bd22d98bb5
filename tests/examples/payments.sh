#!/bin/sh
# bank load --payments: a pain.001 whose payments end in all ways, its report, and files that are refused, with the place.
#
#     tests/examples/payments.sh BANK
set -u
bank_program=$(realpath "$1")
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
example=$(dirname "$0")/../../examples/bank
example=$(realpath "$example")
data=$scratch/data
cd "$scratch" || exit

bank() { "$bank_program" --data "$data" "$@"; }

# What depends on the moment of a run is left out.
plain() { sed -e 's/the balance is [0-9]*/the balance is …/; s/STS-[0-9]*/STS-…/; s/<CreDtTm>.*</<CreDtTm>…</' "$1"; }

payments_are_executed_or_rejected() {
    bank open baker --balance 10000 && bank open DE02120300000000202051 && bank open bob || return 1
    cp "$example/pain001.xml" .
    bank load --payments pain001.xml --report report.xml >out 2>err || { cat err; return 1; }
    plain err >told
    cat >wanted <<'WANTED'
pain001.xml:20: CdtTrfTxInf 'wage-bob' is rejected, AM04: insufficient_funds: the balance is …
pain001.xml:30: CdtTrfTxInf 'flour' is rejected, AC01: account_not_open: there is no account 'nobody'
pain001.xml:35: CdtTrfTxInf 'rent' is rejected, AM03: InstdAmt: the currency must be EUR
WANTED
    diff wanted told && [ "$(cat out)" = 'payments   1 executed, 3 rejected' ] &&
        [ "$(bank list | tail -n 1)" = '3 accounts, 10,000 in all' ]
}

the_report_answers_each() { plain report.xml | diff "$example/pain002.xml" -; }

the_same_file_again_is_answered_the_same() {
    bank list >before
    bank load --payments pain001.xml --report again.xml >out 2>err || return 1
    plain again.xml | diff "$example/pain002.xml" - && bank list | diff before - &&
        [ "$(bank list --transfers | tail -n 1)" = '3 transfers, 101,450 in all' ]
}

another_file_under_the_same_name_is_rejected() {
    sed 's/>12.50</>13.50</; s/1064.50/1065.50/' "$example/pain001.xml" >changed.xml
    bank load --payments changed.xml --report report.xml >out 2>err || return 1
    grep -q "'wage-ann' is rejected, AM05: message '2026-11' was sent before, with other payments" err &&
        grep -q '^payments   0 executed, 4 rejected' out && grep -q '<GrpSts>RJCT</GrpSts>' report.xml
}

# A payment is written out of line, so that a line of the file is changed by a line of sed.
refused() { # sed script, what stderr says behind the file's name
    sed "$1" "$example/pain001.xml" >refused.xml
    status=0
    bank load --payments refused.xml --report none.xml >out 2>err || status=$?
    cat err
    [ "$status" -eq 1 ] && [ ! -e none.xml ] && [ ! -s out ] && [ "$(cat err)" = "bank: refused.xml:$2" ]
}

rejected() { # sed script, code and reason of the first payment
    rm -rf "$data"
    bank open baker --balance 10000 >/dev/null
    sed "$1; /CtrlSum/d" "$example/pain001.xml" >one.xml
    bank load --payments one.xml >out 2>err || { cat err; return 1; }
    head -n 1 err
    head -n 1 err | grep -qF "one.xml:14: CdtTrfTxInf 'wage-ann' is rejected, $2"
}

entities_are_not_even_read() {
    cat >laughs.xml <<'LAUGHS'
<?xml version="1.0"?>
<!DOCTYPE Document [
<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY secret SYSTEM "file:///etc/passwd">
]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03">&c;&secret;</Document>
LAUGHS
    status=0
    bank load --payments laughs.xml >out 2>err || status=$?
    cat err
    [ "$status" -eq 1 ] && grep -q '^bank: laughs.xml:[0-9]*: DOCTYPE: a document type is not taken$' err && ! grep -q root: err
}

a_file_that_is_too_large_is_refused() {
    head -c 17000000 /dev/zero | tr '\0' ' ' >large.xml
    status=0
    bank load --payments large.xml >out 2>err || status=$?
    [ "$status" -eq 1 ] && [ "$(cat err)" = 'bank: large.xml:1: it is larger than 16777216 bytes' ]
}

a_deep_file_is_refused() {
    awk 'BEGIN { for (i = 0; i < 100000; i++) printf "<a>" }' >deep.xml
    status=0
    bank load --payments deep.xml >out 2>err || status=$?
    [ "$status" -eq 1 ] && grep -q '^bank: deep.xml:1: no XML: ' err
}

a_report_needs_payments() {
    status=0
    bank load --report report.xml --accounts a.csv >out 2>err || status=$?
    [ "$status" -eq 2 ] && grep -q 'a report on what' err
}

check "payments are executed or rejected" payments_are_executed_or_rejected
check "the report answers each" the_report_answers_each
check "the same file again is answered the same" the_same_file_again_is_answered_the_same
check "another file under the same name is rejected" another_file_under_the_same_name_is_rejected
check "a file without a name of its own" refused '/MsgId/d' '4: GrpHdr: MsgId is missing in it'
check "an empty name" refused 's/<MsgId>.*</<MsgId></' '5: MsgId: a text is expected in it'
check "elements where a text should be" refused 's/2026-11</<b>x<\/b></' '5: MsgId: a text is expected in it'
check "a name that is too long" refused "s/2026-11</$(head -c 150 /dev/zero | tr '\0' x)</" '5: MsgId: it is longer than 35 characters'
check "a payment that got lost" refused 's/>4</>5</' "4: GrpHdr: NbOfTxs is '5', but there are 4"
check "a sum that is another" refused 's/1064.50/1064.51/' "4: GrpHdr: CtrlSum is '1064.51', but the sum is 1064.50"
check "another message" refused 's/pain.001.001.03/pain.008.001.02/' '2: Document: it is no pain.001 of ISO 20022'
check "no namespace" refused 's/ xmlns=".*"//' '2: Document: it is no pain.001 of ISO 20022'
check "a payment without a creditor" refused 's/CdtrAcct/Nobody/g' '15: CdtTrfTxInf: CdtrAcct is missing in it'
check "an account without a number" refused 's/<IBAN>.*<\/IBAN>//' '18: Id: Othr is missing in it'
check "a payment without an amount" refused '17d' '15: CdtTrfTxInf: Amt is missing in it'
check "a file that ends too early" refused "20,\$d" '20: no XML: Premature end of data in tag PmtInf line 11'
check "an amount with a comma" rejected 's/12.50/12,50/' "AM12: InstdAmt: '12,50' is no amount"
check "an amount of three decimals" rejected 's/12.50/12.505/' "AM12: InstdAmt: '12.505' is no amount"
check "an amount below nothing" rejected 's/12.50/-12.50/' "AM12: InstdAmt: '-12.50' is no amount"
check "an amount of nothing" rejected 's/12.50/0/' "AM12: the amount is 0; it must be at least 1"
check "an amount that is no int64" rejected 's/12.50/99999999999999999999/' "AM12: InstdAmt: '99999999999999999999' is no amount"
check "a payment to oneself" rejected '18s/<IBAN>.*<\/IBAN>/<Othr><Id>baker<\/Id><\/Othr>/' "MS03: source and target are both 'baker'"
check "entities are not even read" entities_are_not_even_read
check "a file that is too large is refused" a_file_that_is_too_large_is_refused
check "a deep file is refused" a_deep_file_is_refused
check "a report needs payments" a_report_needs_payments
finish
