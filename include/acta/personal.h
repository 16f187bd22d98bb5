/*
 * Personal data: fields that can be forgotten. In the log, and wherever a value goes from there, a field marked
 * (personal: "field") lies sealed with the key of its subject, whom that other field names. To forget somebody is to
 * destroy his key; the log stays as it is, to the last bit, and so does all that guards it.
 *
 *     table CustomerRegistered (event: "Customer") {
 *         customer_id:string (required);
 *         email:string (personal: "customer_id");
 *     }
 *
 * Events, snapshots, read models, instances of process managers and their outboxes hold it sealed; it is sealed before it
 * is handed to the store, and opened where the application decodes it. Whoever reads the store by itself (acta_cursor, a
 * backup, a second reader) finds the sealed form. docs/personal-data.md says how it lies there.
 *
 * Keys are held by a key service: a file beside the store (the default), or the user's own. No key is ever in the log, in
 * a table of the store or in a backup of it.
 */
#ifndef ACTA_PERSONAL_H
#define ACTA_PERSONAL_H

#include "acta/environment.h"
#include "acta/seal.h"
#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_SUBJECT_MAX = 512 /* bytes of a subject's name */ };

/*
 * Where the keys of subjects live. Functions are called from any thread, at the same time, and may take as long as a disk
 * takes. What they answer is final: once destroy has returned ACTA_OK no get finds that key again, after a restart too.
 */
typedef struct acta_key_service {
    /* The key of a subject, made when there was none, and durable unless there is `sync`: what it seals may be on disk right
     * after. ACTA_DELETED: the subject was forgotten; a key is never made for it again. ACTA_IO, ACTA_NO_MEMORY … */
    acta_status (*get_or_make)(void *user, acta_str subject, acta_key *key_out, acta_error *error);
    /* ACTA_NOT_FOUND: there never was one; ACTA_DELETED: forgotten. */
    acta_status (*get)(void *user, acta_str subject, acta_key *key_out, acta_error *error);
    /* Destroy it, and remember for ever that it is; also of a subject that never had one, and once more. */
    acta_status (*destroy)(void *user, acta_str subject, acta_error *error);
    /* A key of the whole store, made on first use, that is nobody's and is never destroyed: for finding equal values
     * without keeping them. */
    acta_status (*common)(void *user, acta_key *key_out, acta_error *error);
    /* NULL: get_or_make leaves nothing undone. Else it may, so that whoever seals needn't wait for a disk: all keys that were
     * handed out before this is called are durable when it returns ACTA_OK. It is called by whoever commits, one at a time,
     * before what they seal is written; after an error that isn't, and the store refuses writes from then on. */
    acta_status (*sync)(void *user, acta_error *error);
    void *user;
} acta_key_service;

/*
 * Tell a store whose keys seal what it is given: it calls their `sync` before it writes. Applications do so themselves.
 *   keys  lives as long as the store; NULL, or without a sync: there is nothing to call
 * Threads: any, before the first thing is sealed.
 */
ACTA_API void acta_store_sync_keys(acta_store *store, const acta_key_service *keys);

/* -- the default: a file -- */

#define ACTA_KEY_FILE "subjects.keys" /* in a store's directory */

typedef struct acta_key_file acta_key_file;

typedef struct acta_key_file_config {
    const char *path;                    /* of the file; made when missing, for its owner alone */
    bool read_only;                      /* nothing is made or destroyed: ACTA_READ_ONLY */
    const acta_environment *environment; /* copied; its random source makes the keys */
} acta_key_file_config;

/*
 * Open a file of keys. A destroyed key is overwritten in place and synced; what a disk or a file system keeps of overwritten
 * blocks is out of reach of a program (docs/personal-data.md). The file holds no subject's name, only keyed digests.
 * It must not be opened by two programs for writing; whoever has its store open is the only one.
 * Errors: ACTA_CORRUPT an entry is damaged; ACTA_UNSUPPORTED a newer format; ACTA_NOT_FOUND read_only, and it isn't there;
 *         ACTA_IO, ACTA_NO_MEMORY, ACTA_INVALID.
 */
ACTA_API acta_status acta_key_file_open(
    const acta_key_file_config *config, acta_key_file **file_out, acta_error *error);
ACTA_API void acta_key_file_close(acta_key_file *file); /* takes NULL */
/* Its service, which lives as long as the file is open. */
ACTA_API acta_key_service acta_key_file_service(acta_key_file *file);

/* -- keys in memory: for tests and simulation, where they outlive what crashes -- */

typedef struct acta_key_ring acta_key_ring;

ACTA_API acta_key_ring *acta_key_ring_create(const acta_environment *environment); /* NULL: no memory */
ACTA_API void acta_key_ring_destroy(acta_key_ring *ring);                          /* takes NULL */
ACTA_API acta_key_service acta_key_ring_service(acta_key_ring *ring);

/* -- forgetting -- */

/* The table that tells which values of a subject are claimed (unique): subject | 0 | scope | 0 | value. */
#define ACTA_PERSONAL_CLAIMS "personal.claims"

typedef struct acta_forget_options {
    const char *who; /* for the record: a person or a program; NULL: "unknown" */
    const char *why; /* NULL: "" */
} acta_forget_options;

/*
 * Forget a subject, for good:
 *   1  the log gets an event "$forgotten" in the stream "$audit", which tells whom, who, when and why
 *   2  the key is destroyed
 *   3  what (unique) keeps of the subject's values is given free
 * When it returns ACTA_OK all three are on disk. After an error, or a crash, what was begun by 1 is finished by
 * acta_store_forget_unfinished, which every start of an application calls; before 1 nothing has happened.
 * What is written about the subject from then on carries "forgotten" in its personal fields. Somebody who comes back is
 * given another name.
 *   subject      1 to ACTA_SUBJECT_MAX bytes
 *   already_out  it had been forgotten before (and 2 and 3 were done again); may be NULL
 * Threads: outside threads; waits for the disk. An application has its own: acta_app_forget.
 * Errors: ACTA_NOT_FOUND no key was ever made for it, so nothing of it is there; nothing was done. ACTA_INVALID; those of
 *         acta_store_commit and of the key service.
 */
ACTA_API acta_status acta_store_forget(acta_store *store, const acta_key_service *keys, acta_str subject,
    const acta_forget_options *options, bool *already_out, acta_error *error);

/* Do what is left to do for all who were forgotten: after a crash, or when a copy of the keys from before was put back.
 * `count_out`: subjects whose key was still there; may be NULL. */
ACTA_API acta_status acta_store_forget_unfinished(
    acta_store *store, const acta_key_service *keys, uint64_t *count_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
