/*
 * Who may do what: tokens, and the names under which a browser may have found us. A page of somebody else's can make a
 * browser ask any address, also one on loopback by a name of its own (DNS rebinding); then Host tells.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

/* -- tokens -- */

static void
digest_of(acta_str secret, uint8_t digest[32])
{
    const acta_bytes part = acta_str_bytes(secret);
    acta_digest whole = acta_digest_of(&part, 1);

    memcpy(digest, whole.bytes, 32);
}

static bool
is_visible(acta_str secret)
{
    for (size_t i = 0; i < secret.size; i++)
        if (secret.data[i] <= ' ' || secret.data[i] > '~') return false;
    return true;
}

static acta_status
add_token(acti_guard *guard, const acta_gateway_token *given, acta_error *error)
{
    acti_token *token = &guard->tokens[guard->token_count];
    acta_str name = acta_str_of(given->name), secret = acta_str_of(given->secret);

    if (name.size == 0 || name.size >= sizeof token->name || !is_visible(name))
        return acta_error_set(error, ACTA_INVALID, "token %u: its name must be 1 to %zu visible ASCII characters",
            guard->token_count + 1, sizeof token->name - 1);
    if (given->access < ACTA_GATEWAY_READ || given->access > ACTA_GATEWAY_OPERATE)
        return acta_error_set(
            error, ACTA_INVALID, "token '%s': its access must be read, dispatch or operate", given->name);
    if (secret.size < ACTA_GATEWAY_SECRET_MIN || secret.size > ACTA_GATEWAY_SECRET_MAX || !is_visible(secret))
        return acta_error_set(error, ACTA_INVALID, "token '%s': its secret must be %d to %d visible ASCII characters",
            given->name, ACTA_GATEWAY_SECRET_MIN, ACTA_GATEWAY_SECRET_MAX);
    memcpy(token->name, name.data, name.size + 1);
    token->access = given->access;
    token->until_us = given->until_us;
    digest_of(secret, token->digest);
    guard->token_count++;
    return ACTA_OK;
}

bool
acti_guard_is_same(const uint8_t a[32], const uint8_t b[32])
{
    volatile uint8_t differs = 0;

    for (size_t i = 0; i < 32; i++)
        differs = (uint8_t)(differs | (a[i] ^ b[i]));
    return differs == 0;
}

static int64_t
wall_us(const acti_guard *guard)
{
    return guard->environment->clock.wall_us(guard->environment->clock.user);
}

acta_gateway_access
acti_guard_access(const acti_guard *guard, const char *authorization, const char **name_out)
{
    static const char scheme[] = "Bearer ";
    uint8_t digest[32];
    const acti_token *found = NULL;

    *name_out = "";
    if (authorization == NULL) return guard->without_token;
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return ACTA_GATEWAY_NOTHING;

    digest_of(acta_str_of(authorization + sizeof scheme - 1), digest);
    for (uint32_t i = 0; i < guard->token_count; i++)
        if (acti_guard_is_same(digest, guard->tokens[i].digest)) found = &guard->tokens[i];
    if (found == NULL || (found->until_us != 0 && found->until_us <= wall_us(guard))) return ACTA_GATEWAY_NOTHING;
    *name_out = found->name;
    return found->access;
}

/* -- Host -- */

static bool
is_loopback(const char *host)
{
    struct in_addr four;

    if (strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0) return true;
    return inet_pton(AF_INET, host, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

/* "Bank.Example:8080" to "bank.example", "[::1]:80" to "::1". False: it is none. */
static bool
host_name(const char *host, char *name, size_t size)
{
    size_t length = 0;
    bool in_brackets = host[0] == '[';

    for (host += in_brackets; *host != '\0' && *host != (in_brackets ? ']' : ':'); host++) {
        unsigned char c = (unsigned char)*host;
        if (length + 1 == size || c <= ' ' || c > '~') return false;
        name[length++] = (char)tolower(c);
    }
    if (in_brackets && *host++ != ']') return false;
    name[length] = '\0';
    return length > 0 && (*host == '\0' || (*host == ':' && strspn(host + 1, "0123456789") == strlen(host + 1)));
}

bool
acti_guard_knows_host(const acti_guard *guard, const char *host)
{
    char name[256];

    if (guard->hosts == NULL) return true;
    if (host == NULL || !host_name(host, name, sizeof name)) return false;
    if (is_loopback(name)) return true;
    for (uint32_t i = 0; i < guard->host_count; i++)
        if (strcmp(name, guard->hosts[i]) == 0) return true;
    return false;
}

/* -- filling it -- */

static acta_status
add_host(acti_guard *guard, const char *host, acta_error *error)
{
    if (host_name(host, guard->hosts[guard->host_count], sizeof guard->hosts[0])) {
        guard->host_count++;
        return ACTA_OK;
    }
    return acta_error_set(error, ACTA_INVALID, "'%s' is no name of a host; expected one such as bank.example", host);
}

acta_status
acti_guard_fill(acti_guard *guard, const acta_gateway_options *options, acta_error *error)
{
    const acta_allocator *allocator = &guard->environment->allocator;
    acta_status status = ACTA_OK;
    uint32_t hosts = 1;

    while (options->hosts != NULL && options->hosts[hosts - 1] != NULL)
        hosts++;
    guard->hosts_size = hosts * sizeof guard->hosts[0];
    guard->tokens_size = (options->token_count + 1) * sizeof *guard->tokens;
    guard->hosts = allocator->alloc(allocator->user, guard->hosts_size);
    guard->tokens = allocator->alloc(allocator->user, guard->tokens_size);
    if (guard->hosts == NULL || guard->tokens == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the gateway");

    for (uint32_t i = 0; i < options->token_count && status == ACTA_OK; i++)
        status = add_token(guard, &options->tokens[i], error);
    if (status == ACTA_OK) status = add_host(guard, options->address, error);
    for (uint32_t i = 0; options->hosts != NULL && options->hosts[i] != NULL && status == ACTA_OK; i++)
        status = add_host(guard, options->hosts[i], error);
    if (status != ACTA_OK) return status;
    if (guard->token_count == 0 && !is_loopback(guard->hosts[0]))
        return acta_error_set(error, ACTA_INVALID,
            "without tokens everybody who reaches '%s' could dispatch commands: give tokens, or listen on 127.0.0.1",
            options->address);
    guard->without_token = guard->token_count == 0 ? ACTA_GATEWAY_DISPATCH : ACTA_GATEWAY_NOTHING;
    return ACTA_OK;
}

void
acti_guard_clear(acti_guard *guard)
{
    const acta_allocator *allocator = &guard->environment->allocator;

    if (guard->hosts != NULL) allocator->free(allocator->user, guard->hosts, guard->hosts_size);
    if (guard->tokens != NULL) allocator->free(allocator->user, guard->tokens, guard->tokens_size);
    guard->hosts = NULL;
    guard->tokens = NULL;
}
