# Counts single test cases in Meson's testlog.txt. Sets of cases (cmocka programs, and scripts that speak as they do)
# print for each case one line of these, after its [ RUN      ]:
#
#     [       OK ] name      [  FAILED  ] name      [  SKIPPED ] name
#
# A program that prints none counts as one case, by its exit status. One that fails without a failed case (it crashed,
# ran out of time, or a sanitizer spoke at its end) counts as one failed case more.
#
# Prints "PASSED FAILED SKIPPED", then with -v list=FILE writes the failed ones there, "program: case".

function fail(what) {
    failed++
    failed_here++
    if (list != "") print program ": " what >list
}

function close_program() {
    if (program == "") return
    if (current != "") fail(current " (" result ")")
    else if (result == "exit status 77" && !cases) skipped++
    else if (result != "exit status 0" && !failed_here) fail(result)
    else if (!cases) passed++
    program = ""
}

function ends_with(text, tail) { return substr(text, length(text) - length(tail) + 1) == tail }

/^test:         / { close_program(); program = substr($0, 15); current = ""; cases = 0; failed_here = 0; next }
/^result:       / { result = substr($0, 15); next }
/^Summary of Failures:|^Ok:  / { close_program() }

program == "" { next }
/\[ RUN      \] / { current = substr($0, index($0, "[ RUN      ] ") + 13); cases++; next }
current == "" { next }
ends_with($0, "[       OK ] " current) { passed++; current = "" }
ends_with($0, "[  FAILED  ] " current) { fail(current); current = "" }
ends_with($0, "[  SKIPPED ] " current) { skipped++; current = "" }

END {
    close_program()
    print passed + 0, failed + 0, skipped + 0
}
