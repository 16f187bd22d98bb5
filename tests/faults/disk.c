/*
 * The journal replayed: what of each file and directory is durable at some point of it, and what is pending.
 */
#include "disk_nodes.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
die(const char *what, const char *path)
{
    fprintf(stderr, "disk: %s: %s\n", what, path);
    abort();
}

/* -- contents and names -- */

void *
disk_grow(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room) return list;
    *room = *room > 0 ? *room * 2 : 8;
    void *grown = realloc(list, *room * size);
    if (grown == NULL) die("no memory", "");
    return grown;
}

void
disk_resize(content *c, uint64_t size)
{
    if (size > c->room) {
        c->room = size * 2;
        c->bytes = realloc(c->bytes, c->room);
        if (c->bytes == NULL) die("no memory", "");
    }
    if (size > c->size) memset(c->bytes + c->size, 0, size - c->size);
    c->size = size;
}

void
disk_apply_write(content *to, const change_of_file *change)
{
    if (change->bytes == NULL) {
        disk_resize(to, change->offset);
        return;
    }
    if (change->offset + change->length > to->size) disk_resize(to, change->offset + change->length);
    memcpy(to->bytes + change->offset, change->bytes, change->length);
}

static name *
find_name(const name_list *in, const char *text)
{
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(in->list[i].text, text) == 0) return &in->list[i];
    return NULL;
}

static void
remove_name(name_list *from, const char *text)
{
    name *found = find_name(from, text);
    if (found != NULL) *found = from->list[--from->count];
}

void
disk_apply_names(name_list *to, const change_of_names *change)
{
    if (change->removed[0] != '\0') remove_name(to, change->removed);
    if (change->added.node == NULL) return;
    remove_name(to, change->added.text); /* a rename replaces */
    to->list = disk_grow(to->list, to->count, &to->room, sizeof *to->list);
    to->list[to->count++] = change->added;
}

void
disk_copy_names(name_list *to, const name_list *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        to->list = disk_grow(to->list, to->count, &to->room, sizeof *to->list);
        to->list[to->count++] = from->list[i];
    }
}

/* -- nodes -- */

static node *
new_node(disk *d, bool directory, uint64_t inode)
{
    node *made = calloc(1, sizeof *made);
    if (made == NULL) die("no memory", "");

    for (node *n = d->all; n != NULL && inode != 0; n = n->next)
        if (n->inode == inode) n->inode = 0; /* its number is used again */
    *made = (node){ .next = d->all, .directory = directory, .inode = inode };
    d->all = made;
    return made;
}

/* The node that a path leads to, or with `parent` that of its directory; NULL: none. */
static node *
resolve(const disk *d, const char *path, bool parent)
{
    char part[NAME_SIZE];
    node *at = d->root;

    if (strcmp(path, ".") == 0) return at;
    for (;;) {
        path += strspn(path, "/"); /* RocksDB writes some of them twice */
        size_t size = strcspn(path, "/");
        bool is_last = path[size] == '\0';
        if (is_last && parent) return at;
        if (size >= sizeof part) die("a name is too long", path);
        memcpy(part, path, size);
        part[size] = '\0';
        name *found = find_name(&at->names, part);
        if (found == NULL) return NULL;
        at = found->node;
        if (is_last) return at;
        path += size + 1;
    }
}

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

node *
disk_find(const disk *d, const char *path)
{
    return resolve(d, path, false);
}

static node *
node_of(const disk *d, const fault_entry *entry, const char *path)
{
    for (node *n = d->all; n != NULL; n = n->next)
        if (n->inode == entry->inode && entry->inode != 0) return n;
    node *n = resolve(d, path, false);
    if (n == NULL) die("the journal names what isn't there", path);
    n->inode = entry->inode;
    return n;
}

/* -- replaying -- */

static void
write_to(node *file, const change_of_file *change)
{
    disk_apply_write(&file->current, change);
    file->writes = disk_grow(file->writes, file->write_count, &file->write_room, sizeof *file->writes);
    file->writes[file->write_count++] = *change;
}

static void
sync_file(node *file)
{
    for (size_t i = 0; i < file->write_count; i++)
        disk_apply_write(&file->durable, &file->writes[i]);
    file->write_count = 0;
}

static void
sync_directory(node *directory)
{
    for (size_t i = 0; i < directory->change_count; i++)
        disk_apply_names(&directory->durable_names, &directory->changes[i]);
    directory->change_count = 0;
}

static void
change_names(const disk *d, const char *removed, const char *added, node *what)
{
    node *directory = resolve(d, removed != NULL ? removed : added, true);
    change_of_names change = { .added.node = added != NULL ? what : NULL };

    if (directory == NULL) die("no directory for", removed != NULL ? removed : added);
    if (removed != NULL) snprintf(change.removed, sizeof change.removed, "%s", last_part(removed));
    if (added != NULL) snprintf(change.added.text, sizeof change.added.text, "%s", last_part(added));
    disk_apply_names(&directory->names, &change);
    directory->changes =
        disk_grow(directory->changes, directory->change_count, &directory->change_room, sizeof *directory->changes);
    directory->changes[directory->change_count++] = change;
}

/* Into another directory it is two changes, of which each may reach the disk before the other. */
static void
rename_to(const disk *d, const char *path, const char *new_path)
{
    node *what = resolve(d, path, false);

    if (resolve(d, path, true) == resolve(d, new_path, true)) {
        change_names(d, path, new_path, what);
        return;
    }
    change_names(d, NULL, new_path, what);
    change_names(d, path, NULL, NULL);
}

static void
replay_entry(disk *d, const fault_entry *entry, const char *path, const uint8_t *bytes)
{
    const char *new_path = path + strlen(path) + 1; /* of those that have one */

    switch ((fault_op)entry->op) {
    case FAULT_CREATE:
        change_names(d, NULL, path, new_node(d, false, entry->inode));
        break;
    case FAULT_MKDIR:
        change_names(d, NULL, path, new_node(d, true, entry->inode));
        break;
    case FAULT_WRITE:
        write_to(node_of(d, entry, path), &(change_of_file){ entry->offset, entry->length, bytes });
        break;
    case FAULT_TRUNCATE:
        write_to(node_of(d, entry, path), &(change_of_file){ .offset = entry->offset });
        break;
    case FAULT_SYNC:
        sync_file(node_of(d, entry, path));
        break;
    case FAULT_SYNC_DIRECTORY:
        sync_directory(node_of(d, entry, path));
        break;
    case FAULT_RENAME:
        rename_to(d, path, new_path);
        break;
    case FAULT_LINK:
        change_names(d, NULL, new_path, resolve(d, path, false));
        break;
    case FAULT_UNLINK:
    case FAULT_RMDIR:
        change_names(d, path, NULL, NULL);
        break;
    default:
        break;
    }
}

void
disk_replay(disk *d, disk_journal *journal, uint64_t number)
{
    while (journal->at < journal->size) {
        fault_entry entry;
        const uint8_t *at = journal->bytes + journal->at;
        memcpy(&entry, at, sizeof entry);
        if (entry.number > number) return;
        const char *path = (const char *)at + sizeof entry;
        replay_entry(d, &entry, path, (const uint8_t *)path + entry.paths_size);
        journal->at += entry.size;
    }
}

void
disk_forget_inodes(disk *d)
{
    for (node *n = d->all; n != NULL; n = n->next)
        n->inode = 0;
}

/* -- a disk as it lies there -- */

static void
load_file(node *file, const char *path)
{
    FILE *from = fopen(path, "re");
    struct stat found;

    if (from == NULL || fstat(fileno(from), &found) != 0) die("cannot read", path);
    disk_resize(&file->current, (uint64_t)found.st_size);
    if (found.st_size > 0 && fread(file->current.bytes, 1, file->current.size, from) != file->current.size)
        die("cannot read", path);
    fclose(from);
    disk_resize(&file->durable, file->current.size);
    if (file->current.size > 0) memcpy(file->durable.bytes, file->current.bytes, file->current.size);
}

static node *
load_node(disk *d, const char *path)
{
    struct stat found;

    if (lstat(path, &found) != 0) die("cannot look at", path);
    for (node *n = d->all; n != NULL; n = n->next)
        if (n->inode == found.st_ino) return n; /* another name of it */
    node *made = new_node(d, S_ISDIR(found.st_mode), found.st_ino);
    if (!made->directory) load_file(made, path);
    return made;
}

static void
load_directory(disk *d, node *directory, const char *path)
{
    DIR *from = opendir(path);
    if (from == NULL) die("cannot read", path);

    for (struct dirent *entry; (entry = readdir(from)) != NULL;) {
        char full[FAULT_PATH_SIZE * 2];
        change_of_names change = { .removed = "" };
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        snprintf(change.added.text, sizeof change.added.text, "%.100s", entry->d_name);
        change.added.node = load_node(d, full);
        if (change.added.node->directory) load_directory(d, change.added.node, full);
        disk_apply_names(&directory->names, &change);
        disk_apply_names(&directory->durable_names, &change);
    }
    closedir(from);
}

disk *
disk_create(const char *root)
{
    disk *d = calloc(1, sizeof *d);
    if (d == NULL) die("no memory", "");

    d->root = new_node(d, true, 0);
    if (root != NULL) load_directory(d, d->root, root);
    return d;
}

void
disk_destroy(disk *d)
{
    if (d == NULL) return;
    while (d->all != NULL) {
        node *n = d->all;
        d->all = n->next;
        free(n->durable.bytes);
        free(n->current.bytes);
        free(n->writes);
        free(n->durable_names.list);
        free(n->names.list);
        free(n->changes);
        free(n);
    }
    free(d);
}

static int
remove_one(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    return place->level > 0 ? remove(path) : 0;
}

void
disk_remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
