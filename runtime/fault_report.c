/*
 * The report of a fault. All of it runs in a signal handler, on a thread in any state: it reads what is there without a
 * lock, and calls nothing but the writer of safe_text.c, the unwinder and files of backtrace.c, and the readers of the
 * recorder.
 */
#include "fault.h"
#include "recorder.h"

enum { REPORT_BUFFER = 512, NAME_SHOWN = 64 };

typedef struct name_of_code {
    int signal, code;
    const char *words;
} name_of_code;

const char *
acti_signal_name(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGABRT:
        return "SIGABRT";
    default:
        return "signal";
    }
}

static const char *
cause_of(int signal, int code)
{
    static const name_of_code causes[] = { { SIGSEGV, SEGV_MAPERR, "no memory at this address" },
        { SIGSEGV, SEGV_ACCERR, "this access is not permitted" }, { SIGSEGV, SI_KERNEL, "no such address can be" },
        { SIGBUS, BUS_ADRALN, "an address that is not aligned" }, { SIGBUS, BUS_ADRERR, "nothing behind this address" },
        { SIGFPE, FPE_INTDIV, "division by zero" }, { SIGFPE, FPE_INTOVF, "integer overflow" },
        { SIGFPE, FPE_FLTDIV, "floating-point division by zero" }, { SIGILL, ILL_ILLOPN, "no such instruction" } };

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].signal == signal && causes[i].code == code) return causes[i].words;
    return code <= 0 && signal != SIGABRT ? "sent by a process" : NULL;
}

void
acti_text_fault(acti_text *text, int signal, const siginfo_t *info)
{
    bool is_address = signal == SIGSEGV && info->si_code == SEGV_ACCERR;
    const char *cause =
        is_address && acti_is_behind_stack((uintptr_t)info->si_addr) ? "out of stack" : cause_of(signal, info->si_code);

    acti_text_put(text, acti_signal_name(signal));
    if (cause != NULL) {
        acti_text_put(text, " (");
        acti_text_put(text, cause);
        acti_text_put(text, ")");
    }
    if (info->si_code > 0 && signal != SIGABRT) {
        acti_text_put(text, " at ");
        acti_text_hex(text, (uintptr_t)info->si_addr);
    }
}

static void
put_actor(acti_text *text, const acti_context *context)
{
    const acti_actor *actor = context->actor;
    char name[NAME_SHOWN];

    acti_name_peek(actor, name, sizeof name);
    acti_text_put(text, "acta: actor ");
    if (name[0] != '\0') {
        acti_text_put(text, "'");
        acti_text_put(text, name);
        acti_text_put(text, "' ");
    }
    acti_text_put(text, "<");
    acti_text_number(text, actor->generation, 0, ' ');
    acti_text_put(text, ".");
    acti_text_number(text, actor->index, 0, ' ');
    acti_text_put(text, ">, behaviour '");
    acti_text_put(text, actor->behaviour->name);
    acti_text_put(text, "', on ");
    if (context->worker != NULL) {
        acti_text_put(text, "worker ");
        acti_text_number(text, context->worker->index, 0, ' ');
    } else
        acti_text_put(text, "an outside thread");
    acti_text_put(text, " of runtime '");
    acti_text_put(text, context->runtime->name);
    acti_text_put(text, "'\n");
}

static void
put_message(acti_text *text, const acti_actor *actor)
{
    const acti_message *message = actor->handling;
    uint32_t what = acti_task_what(acti_task_own(actor));

    acti_text_put(text, "acta: ");
    if (message != NULL) {
        acti_text_put(text, "message ");
        acti_text_number(text, message->body.tag, 0, ' ');
        acti_text_put(text, " of ");
        acti_text_number(text, message->body.size, 0, ' ');
        acti_text_put(text, message->node.kind == ACTI_REQUEST ? " bytes, a call\n" : " bytes, a cast\n");
    } else if (actor->phase == ACTI_STARTING)
        acti_text_put(text, "no message: it starts\n");
    else if (actor->phase == ACTI_ENDING)
        acti_text_put(text, "no message: it ends\n");
    else if (what == ACTI_TASK_CONTINUE)
        acti_text_put(text, "no message: handle_continue\n");
    else if (what >= ACTI_TASK_INFO) {
        acti_text_put(text, "no message: handle_info of ");
        acti_text_put(text, acti_info_word((acta_info_kind)(what - ACTI_TASK_INFO)));
        acti_text_put(text, "\n");
    } else
        acti_text_put(text, "no message in its hands\n");
}

/* From the fault on. Where nothing is known about the
 * faulting address (a call to nowhere), the caller is the word on top of the stack. */
static uint32_t
frames_from(uintptr_t pc, const uintptr_t *sp, uintptr_t *frames)
{
    uint32_t count = acti_backtrace_from(pc, frames, ACTI_FRAME_MAX, 0, 0);

    if (count > 0) return count;
    frames[0] = pc;
    if (sp == NULL || !acti_is_code(*sp - 1)) return 1;
    frames[1] = *sp - 1;
    return 2;
}

static void
put_backtrace(acti_text *text, uintptr_t pc, const uintptr_t *sp)
{
    uintptr_t frames[ACTI_FRAME_MAX];
    acti_symbol symbols[ACTI_FRAME_MAX];
    uint32_t count = frames_from(pc, sp, frames);

    acti_symbols_find(frames, count, symbols);
    for (uint32_t i = 0; i < count; i++) {
        acti_text_put(text, i == 0 ? "acta: in " : "acta:    ");
        acti_text_symbol(text, &symbols[i]);
        acti_text_put(text, "\n");
    }
}

/* Those of the runtime that the thread is in; of all, if it is in none. */
static void
put_events(acti_text *text, const acta_fault_options *options, const acti_context *context)
{
    for (int i = 0; i < ACTI_RECORDER_BLOCKS; i++) {
        /* acquire: what is in the table is filled. */
        const acti_recorder *recorder = atomic_load_explicit(&acta_recorder_blocks[i], memory_order_acquire);
        if (recorder == NULL || (context != NULL && context->runtime->recorder != recorder)) continue;
        acti_text_put(text, "acta: the last events of runtime '");
        acti_text_put(text, recorder->name);
        acti_text_put(text, "'\n");
        acti_text_flush(text);
        acta_recorder_print_image(recorder, options->fd, options->event_count);
    }
}

void
acti_fault_report(
    const acta_fault_options *options, int signal, const siginfo_t *info, uintptr_t pc, const uintptr_t *sp)
{
    char bytes[REPORT_BUFFER];
    acti_text text = { .bytes = bytes, .capacity = sizeof bytes, .fd = options->fd };
    const acti_context *context = acti_current;

    acti_text_put(&text, "acta: ");
    acti_text_fault(&text, signal, info);
    acti_text_put(&text, "\n");
    acti_text_flush(&text); /* each part as soon as it is there: the next may fault */
    if (context != NULL && context->actor != NULL) {
        put_actor(&text, context);
        put_message(&text, context->actor);
    } else
        acti_text_put(&text, context != NULL ? "acta: in no actor, on a thread of a runtime\n" : "acta: in no actor\n");
    acti_text_flush(&text);
    if (!options->no_backtrace) put_backtrace(&text, pc, sp);
    acti_text_flush(&text);
    if (options->event_count != ACTA_FAULT_NO_EVENTS) put_events(&text, options, context);
    acti_text_put(&text, "acta: end of the report\n");
    acti_text_flush(&text);
}
