/*
 * Backtraces and the names in them, from inside a signal handler too.
 *
 * The unwinder of libgcc finds its tables through _dl_find_object, which takes no lock (dladdr and dl_iterate_phdr do,
 * and a thread that waits in a fault handler for a lock of the loader never dumps its core). Names come from the symbol
 * table in the object's own file, mapped for the moment: so static functions have names too, and a program need not be
 * linked with -rdynamic. Where a file is stripped or gone, the offset is left, for addr2line and a file that isn't.
 *
 * A seam: opens and maps files.
 */
#include "backtrace.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

/* -- frames -- */

typedef struct walk {
    uintptr_t *frames;
    uint32_t count, max, skip;
    uintptr_t until;                  /* the beginning of a function; 0: none */
    uintptr_t until_start, until_end; /* code; both 0: none */
    uintptr_t from;                   /* skip all that comes before it; 0: nothing */
} walk;

static _Unwind_Reason_Code
note_frame(struct _Unwind_Context *context, void *user)
{
    walk *w = user;
    int is_exact = 0; /* 1: interrupted there; 0: the address behind a call */
    uintptr_t address = _Unwind_GetIPInfo(context, &is_exact);

    if (w->from != 0 && address != w->from) return _URC_NO_REASON;
    w->from = 0;
    if (address == 0 || w->count == w->max) return _URC_END_OF_STACK;
    if (w->until != 0 && _Unwind_GetRegionStart(context) == w->until) return _URC_END_OF_STACK;
    if (address >= w->until_start && address < w->until_end) return _URC_END_OF_STACK;
    if (w->skip > 0)
        w->skip--;
    else
        w->frames[w->count++] = is_exact != 0 ? address : address - 1;
    return _URC_NO_REASON;
}

__attribute__((noinline)) uint32_t
acti_backtrace(uintptr_t *frames, uint32_t frame_max, uint32_t skip, void (*until)(void))
{
    walk w = { .frames = frames, .max = frame_max, .skip = skip + 1, .until = (uintptr_t)until };

    _Unwind_Backtrace(note_frame, &w);
    return w.count;
}

uint32_t
acti_backtrace_from(uintptr_t pc, uintptr_t *frames, uint32_t frame_max, uintptr_t until_start, uintptr_t until_end)
{
    walk w = { .frames = frames, .max = frame_max, .from = pc, .until_start = until_start, .until_end = until_end };

    if (pc == 0) return 0;
    _Unwind_Backtrace(note_frame, &w);
    return w.count;
}

/* All of a stack that ran over may have to be walked: nothing is kept. */
typedef struct trail {
    uintptr_t pc, start, end, to_start, to_end;
    bool is_begun, leads_there;
} trail;

static _Unwind_Reason_Code
follow(struct _Unwind_Context *context, void *user)
{
    trail *p = user;
    int is_exact = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &is_exact);

    if (is_exact == 0) address--;
    if (!p->is_begun && address != p->pc) return _URC_NO_REASON;
    p->is_begun = true;
    if (address >= p->start && address < p->end) return _URC_NO_REASON;
    p->leads_there = address >= p->to_start && address < p->to_end;
    return _URC_END_OF_STACK;
}

bool
acti_calls_lead_to(uintptr_t pc, uintptr_t start, uintptr_t end, uintptr_t to_start, uintptr_t to_end)
{
    trail p = { .pc = pc, .start = start, .end = end, .to_start = to_start, .to_end = to_end };

    _Unwind_Backtrace(follow, &p);
    return p.leads_there;
}

/* -- objects -- */

/* A program or library that is loaded. `name` NULL: none. */
typedef struct object {
    uintptr_t base; /* what its own addresses are moved by */
    const char *name;
    uintptr_t start, end;
} object;

#if defined(__GLIBC_PREREQ) && !defined(ACTI_NO_FIND_OBJECT)
#define HAS_FIND_OBJECT __GLIBC_PREREQ(2, 35)
#else
#define HAS_FIND_OBJECT 0
#endif

#if HAS_FIND_OBJECT
static object
object_of(uintptr_t address)
{
    struct dl_find_object found;

    if (_dl_find_object((void *)address, &found) != 0) return (object){ .name = NULL };
    return (object){ .base = found.dlfo_link_map->l_addr,
        .name = found.dlfo_link_map->l_name,
        .start = (uintptr_t)found.dlfo_map_start,
        .end = (uintptr_t)found.dlfo_map_end };
}
#else
/* Older C libraries: takes the loader's lock, as their unwinder does anyway. */
typedef struct search {
    uintptr_t address;
    object found;
} search;

static int
look_at(struct dl_phdr_info *info, size_t size, void *user)
{
    search *s = user;
    bool is_it = false;

    (void)size;
    object seen = { .base = info->dlpi_addr, .name = info->dlpi_name, .start = UINTPTR_MAX };
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t first = info->dlpi_addr + part->p_vaddr, end = first + part->p_memsz;
        if (part->p_type != PT_LOAD) continue;
        if (first < seen.start) seen.start = first;
        if (end > seen.end) seen.end = end;
        if (s->address >= first && s->address < end) is_it = true;
    }
    if (is_it) s->found = seen;
    return is_it;
}

static object
object_of(uintptr_t address)
{
    search s = { .address = address };

    dl_iterate_phdr(look_at, &s);
    return s.found;
}
#endif

bool
acti_is_code(uintptr_t address)
{
    return object_of(address).name != NULL;
}

bool
acti_code_bounds(uintptr_t address, const void **start_out, const void **end_out)
{
    object of = object_of(address);

    if (of.name == NULL) return false;
    *start_out = (const void *)of.start;
    *end_out = (const void *)of.end;
    return true;
}

static void
copy_cut(char *to, size_t room, const char *from, size_t from_max)
{
    size_t size = strnlen(from, from_max);

    if (size >= room) size = room - 1;
    memcpy(to, from, size);
    to[size] = '\0';
}

static void
name_object(const object *of, char *name)
{
    char path[256];
    const char *from = of->name;

    if (from[0] == '\0') { /* the program itself */
        ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
        path[size > 0 ? size : 0] = '\0';
        from = path;
    }
    const char *slash = strrchr(from, '/');
    if (slash != NULL) from = slash + 1;
    copy_cut(name, ACTI_OBJECT_MAX, from, SIZE_MAX);
}

/* -- symbol tables -- */

typedef ElfW(Ehdr) elf_header;
typedef ElfW(Shdr) elf_section;
typedef ElfW(Sym) elf_symbol;

typedef struct image {
    const unsigned char *bytes;
    size_t size;
} image;

static image
open_image(const object *of)
{
    const char *path = of->name[0] != '\0' ? of->name : "/proc/self/exe";
    image in = { NULL, 0 };
    struct stat status;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return in;
    if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(elf_header)) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) in = (image){ bytes, (size_t)status.st_size };
    }
    close(fd);
    return in;
}

static void
close_image(image in)
{
    if (in.bytes != NULL) munmap((void *)(uintptr_t)in.bytes, in.size);
}

/* `count` items of `size` bytes at `offset`; NULL if the file ends before. */
static const void *
part(image in, uint64_t offset, uint64_t count, uint64_t size)
{
    if (offset > in.size || count > (in.size - offset) / size) return NULL;
    return in.bytes + offset;
}

static const elf_section *
find_table(image in, const elf_section *sections, uint32_t count, uint32_t type)
{
    for (uint32_t i = 0; i < count; i++) {
        const elf_section *s = &sections[i];
        if (s->sh_type != type || s->sh_entsize != sizeof(elf_symbol) || s->sh_link >= count) continue;
        if (part(in, s->sh_offset, s->sh_size, 1) != NULL) return s;
    }
    return NULL;
}

/* The names of all addresses that lie in this table's object: one walk for all. */
static void
match(image in, const elf_section *sections, const elf_section *table, const object *of, const uintptr_t *addresses,
    uint32_t count, acti_symbol *symbols)
{
    const elf_symbol *entries = part(in, table->sh_offset, table->sh_size, 1);
    const elf_section *names = &sections[table->sh_link];
    const char *strings = part(in, names->sh_offset, names->sh_size, 1);

    if (strings == NULL) return;
    for (size_t i = 0; i < table->sh_size / sizeof *entries; i++) {
        if (ELF64_ST_TYPE(entries[i].st_info) != STT_FUNC || entries[i].st_name >= names->sh_size) continue;
        for (uint32_t k = 0; k < count; k++) {
            uintptr_t offset = addresses[k] - of->base;
            if (offset < entries[i].st_value || offset - entries[i].st_value >= entries[i].st_size) continue;
            copy_cut(symbols[k].function, ACTI_SYMBOL_MAX, strings + entries[i].st_name,
                names->sh_size - entries[i].st_name);
        }
    }
}

static void
name_functions(const object *of, const uintptr_t *addresses, uint32_t count, acti_symbol *symbols)
{
    image in = open_image(of);
    const elf_header *header = part(in, 0, 1, sizeof *header);

    if (in.bytes != NULL && header != NULL && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
        header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_shentsize == sizeof(elf_section)) {
        const elf_section *sections = part(in, header->e_shoff, header->e_shnum, sizeof *sections);
        const elf_section *table = sections != NULL ? find_table(in, sections, header->e_shnum, SHT_SYMTAB) : NULL;
        if (table == NULL && sections != NULL) table = find_table(in, sections, header->e_shnum, SHT_DYNSYM);
        if (table != NULL) match(in, sections, table, of, addresses, count, symbols);
    }
    close_image(in);
}

/* Those of one object stand together mostly, and are looked up together. */
void
acti_symbols_find(const uintptr_t *addresses, uint32_t count, acti_symbol *symbols)
{
    uint32_t end;

    for (uint32_t first = 0; first < count; first = end) {
        object of = object_of(addresses[first]);
        for (end = first; end < count && object_of(addresses[end]).name == of.name; end++) {
            symbols[end] = (acti_symbol){ .offset = addresses[end] };
            if (of.name == NULL) continue;
            symbols[end].offset -= of.base;
            name_object(&of, symbols[end].object);
        }
        if (of.name != NULL) name_functions(&of, addresses + first, end - first, symbols + first);
    }
}

void
acti_text_symbol(acti_text *text, const acti_symbol *symbol)
{
    acti_text_put(text, symbol->function[0] != '\0' ? symbol->function : "?");
    acti_text_put(text, " (");
    if (symbol->object[0] != '\0') {
        acti_text_put(text, symbol->object);
        acti_text_put(text, "+");
    }
    acti_text_hex(text, symbol->offset);
    acti_text_put(text, ")");
}
