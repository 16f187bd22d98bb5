/*
 * Fibres: a stack for each thread of the model, and switching between them without a system call.
 *
 * A fibre is begun with makecontext, and from then on left and entered by _setjmp and _longjmp. One that was left in the
 * middle when its execution was given up is simply begun anew.
 */
#include "checker.h"

#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

enum { STACK_SIZE = 256 << 10 };

struct model_fibre {
    ucontext_t context;
    jmp_buf place;
    bool is_begun;
    void (*run)(uint32_t index);
    void *stack;
};

static model_fibre fibres[MODEL_THREAD_MAX];
static jmp_buf explorer;
static int here = -1;

static void
fibre_main(int index)
{
    fibres[index].run((uint32_t)index);
    abort(); /* run never returns: it switches away at its end */
}

void
fibre_start(uint32_t index, void (*run)(uint32_t index))
{
    model_fibre *f = &fibres[index];

    if (f->stack == NULL) f->stack = malloc(STACK_SIZE);
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK_SIZE;
    f->context.uc_link = NULL;
    f->run = run;
    f->is_begun = false;
    makecontext(&f->context, (void (*)(void))fibre_main, 1, (int)index);
}

void
fibre_switch(int to)
{
    jmp_buf *from = here < 0 ? &explorer : &fibres[here].place;

    if (_setjmp(*from) != 0) return;
    here = to;
    if (to < 0) _longjmp(explorer, 1);
    if (fibres[to].is_begun) _longjmp(fibres[to].place, 1);
    fibres[to].is_begun = true;
    setcontext(&fibres[to].context);
}
