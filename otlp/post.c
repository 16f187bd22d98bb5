/*
 * A request to a collector, by libcurl: one connection that is kept, driven by hand so that its deadline may come nearer while it
 * is under way.
 *
 * What is tried again is what OTLP says: 429, 502, 503, 504, and connections that break or don't come about.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "internal.h"

enum { ANSWER_MAX = 4096, LOOK_MS = 1000, TIMEOUT_DEFAULT_MS = 10000, RETRY_AFTER_MAX_S = 3600 };

struct acti_post {
    acta_environment environment;
    CURL *curl;
    CURLM *multi;
    struct curl_slist *headers;
    char message[CURL_ERROR_SIZE];
    char answer[ANSWER_MAX + 1]; /* its beginning */
    size_t answer_size;
};

static size_t
take_answer(char *data, size_t size, size_t count, void *user)
{
    acti_post *post = user;
    size_t room = ANSWER_MAX - post->answer_size, taken = size * count < room ? size * count : room;

    memcpy(post->answer + post->answer_size, data, taken);
    post->answer_size += taken;
    return size * count;
}

/* -- made -- */

static bool
is_header(const acta_otlp_pair *pair)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

    if (pair->name[0] == '\0' || pair->name[strspn(pair->name, letters)] != '\0') return false;
    for (const char *c = pair->value; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) return false;
    return true;
}

static bool
add_header(acti_post *post, const char *line)
{
    struct curl_slist *longer = curl_slist_append(post->headers, line);

    if (longer == NULL) return false;
    post->headers = longer;
    return true;
}

/* Values are secrets, and are not told. */
static acta_status
add_headers(acti_post *post, const acta_otlp_options *options, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (!add_header(post, "Content-Type: application/json") || !add_header(post, "Expect:"))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for headers");
    for (uint32_t i = 0; status == ACTA_OK && i < options->header_count; i++) {
        const acta_otlp_pair *pair = &options->headers[i];
        if (!is_header(pair))
            return acta_error_set(error, ACTA_INVALID,
                "header %u ('%.60s') is none: a name of letters, digits and - is expected, and a value in one line",
                i + 1, pair->name);
        size_t size = strlen(pair->name) + strlen(pair->value) + sizeof ": ";
        char *line = post->environment.allocator.alloc(post->environment.allocator.user, size);
        if (line == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for headers");
        /* "Name;" is how libcurl spells one without a value. */
        snprintf(line, size, pair->value[0] != '\0' ? "%s: %s" : "%s;", pair->name, pair->value);
        if (!add_header(post, line)) status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for headers");
        post->environment.allocator.free(post->environment.allocator.user, line, size);
    }
    return status;
}

/* What a name in the URL would be is a secret that ends up in logs: there are headers for it. */
static acta_status
check_url(const char *text, acta_error *error)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *user = NULL;
    acta_status status = ACTA_OK;
    if (url == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a URL");

    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        status = acta_error_set(
            error, ACTA_INVALID, "the endpoint is no URL; one such as http://127.0.0.1:4318/v1/traces is expected");
    else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        status = acta_error_set(error, ACTA_INVALID, "the endpoint has a user's name in it; send it in a header");
    curl_free(scheme);
    curl_free(user);
    curl_url_cleanup(url);
    return status;
}

/* libcurl would say so with each request, and of a file that isn't there no more than that. */
static acta_status
check_ca(const char *path, acta_error *error)
{
    if (path == NULL || access(path, R_OK) == 0) return ACTA_OK;
    return acta_error_set(error, ACTA_IO, "cannot read the certificates in '%s': %s", path, strerror(errno));
}

static acta_status
set_options(acti_post *post, const acta_otlp_options *options, acta_error *error)
{
    long timeout_ms = options->timeout_ms != 0 ? (long)options->timeout_ms : TIMEOUT_DEFAULT_MS;
    CURL *curl = post->curl;
    bool is_set = curl_easy_setopt(curl, CURLOPT_URL, options->url) == CURLE_OK;

    is_set = is_set && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK;
    is_set = is_set && curl_easy_setopt(curl, CURLOPT_USERAGENT, "acta/" ACTA_VERSION) == CURLE_OK;
    is_set = is_set && curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK;
    is_set = is_set && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    is_set = is_set && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK;
    is_set = is_set && curl_easy_setopt(curl, CURLOPT_WRITEDATA, post) == CURLE_OK;
    is_set = is_set && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->message) == CURLE_OK;
    is_set =
        is_set && (options->ca_path == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_path) == CURLE_OK);
    return is_set ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for a request");
}

acta_status
acti_post_create(
    const acta_environment *environment, const acta_otlp_options *options, acti_post **post_out, acta_error *error)
{
    acti_post *post = environment->allocator.alloc(environment->allocator.user, sizeof *post);
    if (post == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a connection");

    memset(post, 0, sizeof *post);
    post->environment = *environment;
    acta_status status = check_url(options->url, error);
    if (status == ACTA_OK) status = check_ca(options->ca_path, error);
    if (status == ACTA_OK) status = add_headers(post, options, error);
    if (status == ACTA_OK) post->curl = curl_easy_init();
    if (status == ACTA_OK) post->multi = curl_multi_init();
    if (status == ACTA_OK && (post->curl == NULL || post->multi == NULL))
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for libcurl");
    if (status == ACTA_OK) status = set_options(post, options, error);
    if (status == ACTA_OK)
        *post_out = post;
    else
        acti_post_destroy(post);
    return status;
}

void
acti_post_destroy(acti_post *post)
{
    if (post == NULL) return;
    if (post->curl != NULL) curl_easy_cleanup(post->curl);
    if (post->multi != NULL) curl_multi_cleanup(post->multi);
    curl_slist_free_all(post->headers);
    const acta_allocator allocator = post->environment.allocator;
    allocator.free(allocator.user, post, sizeof *post);
}

/* -- sent -- */

/* {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}: the number, which may be in quotes. */
static uint64_t
rejected_of(const char *answer)
{
    static const char name[] = "\"rejectedSpans\"";
    const char *at = strstr(answer, name);

    if (at == NULL) return 0;
    at += sizeof name - 1;
    at += strspn(at, " \t\r\n:\"");
    return strtoull(at, NULL, 10);
}

static void
judge_answer(acti_post *post, acti_post_result *result)
{
    curl_off_t after_s = 0;
    long code = 0;

    curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 200 && code < 300) {
        result->verdict = ACTI_POST_TAKEN;
        result->rejected = rejected_of(post->answer);
        if (result->rejected > 0) snprintf(result->why, sizeof result->why, "the collector has rejected them");
        return;
    }
    result->verdict = code == 429 || code == 502 || code == 503 || code == 504 ? ACTI_POST_AGAIN : ACTI_POST_REFUSED;
    snprintf(result->why, sizeof result->why, "the collector answered %ld", code);
    if (curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &after_s) != CURLE_OK || after_s <= 0) return;
    result->retry_after_ms = (uint32_t)(after_s < RETRY_AFTER_MAX_S ? after_s : RETRY_AFTER_MAX_S) * 1000;
}

static void
judge(acti_post *post, CURLcode code, acti_post_result *result)
{
    post->answer[post->answer_size] = '\0';
    if (code == CURLE_OK) {
        judge_answer(post, result);
        return;
    }
    /* What no other attempt would change. */
    bool is_hopeless = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
                       code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    result->verdict = is_hopeless ? ACTI_POST_REFUSED : ACTI_POST_AGAIN;
    snprintf(result->why, sizeof result->why, "%.*s", (int)sizeof result->why - 1,
        post->message[0] != '\0' ? post->message : curl_easy_strerror(code));
}

/* Until it is through, or its time is. */
static void
drive(acti_post *post, uint32_t (*left_ms)(void *user), void *user, acti_post_result *result)
{
    int running = 1, rest;

    for (;;) {
        if (curl_multi_perform(post->multi, &running) != CURLM_OK) return;
        if (running == 0) break;
        uint32_t left = left_ms(user);
        if (left == 0) {
            snprintf(result->why, sizeof result->why, "the application has stopped");
            return;
        }
        if (curl_multi_poll(post->multi, NULL, 0, left < LOOK_MS ? (int)left : LOOK_MS, NULL) != CURLM_OK) return;
    }
    for (const CURLMsg *message; (message = curl_multi_info_read(post->multi, &rest)) != NULL;)
        if (message->msg == CURLMSG_DONE) judge(post, message->data.result, result);
}

void
acti_post_send(
    acti_post *post, acta_str body, uint32_t (*left_ms)(void *user), void *user, acti_post_result *result_out)
{
    *result_out = (acti_post_result){ .verdict = ACTI_POST_AGAIN };
    post->answer_size = 0;
    post->message[0] = '\0';
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    if (curl_multi_add_handle(post->multi, post->curl) != CURLM_OK) {
        snprintf(result_out->why, sizeof result_out->why, "no memory for a request");
        return;
    }
    drive(post, left_ms, user, result_out);
    curl_multi_remove_handle(post->multi, post->curl);
}

void
acti_post_wake(acti_post *post)
{
    curl_multi_wakeup(post->multi);
}
