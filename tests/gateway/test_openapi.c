/*
 * /openapi.json: of a schema with fields of all kinds. Whether it is OpenAPI is asked of a validator that is not ours
 * (openapi.pl), in whose form requests and answers are checked by it too.
 */
#include "shop.h"

#include <sys/wait.h>
#include <unistd.h>

static void
paths_are_those_that_are_served(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(get(f, "/openapi.json"), 200);
    body_has(f, "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"shop\",");
    body_has(f, "\"/commands/Offer\":{\"post\":{");
    body_has(f, "\"/aggregates/Article/{id}\":{\"get\":{");
    body_has(f, "\"/read-models/ArticleRow\":{\"get\":{");
    body_has(f, "\"/streams/{name}\":{\"get\":{");
    body_has(f, "\"/events\":{\"get\":{");
    assert_null(strstr(f->last.body, "/commands/{name}"));
    assert_null(strstr(f->last.body, "/commands/Offered"));
}

static void
fields_are_typed(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(get(f, "/openapi.json"), 200);
    body_has(f, "\"shop.Offer\":{\"description\":\"Offer an article.\",\"type\":\"object\",\"additionalProperties\":"
                "false,\"required\":[\"article_id\"],\"properties\":{\"article_id\":{\"type\":\"string\"},");
    body_has(f, "\"is_new\":{\"type\":\"boolean\"}");
    body_has(f, "\"colour\":{\"$ref\":\"#/components/schemas/shop.Colour\"}");
    body_has(f, "\"limit\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295},{\"type\":"
                "\"integer\",\"nullable\":true,\"enum\":[null]}]}");
    body_has(f, "\"size\":{\"$ref\":\"#/components/schemas/shop.Size\"}");
    body_has(f, "\"parts\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/shop.Part\"}}");
    body_has(f, "\"picture\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":255}}");
    body_has(f, "\"shop.Colour\":{\"anyOf\":[{\"type\":\"string\",\"enum\":[\"red\",\"green\",\"blue\"]},{\"type\":"
                "\"integer\"}]}");
    body_has(
        f, "\"shop.Size\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"width\",\"height\"],");
}

/* The validator's own words go to where the test's go. */
static int
validated(fixture *f, const char *body)
{
    char path[160];

    snprintf(path, sizeof path, "%s/openapi.json", f->folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(f->last.body, 1, f->last.body_size, file), f->last.body_size);
    fclose(file);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(OPENAPI_CHECK, OPENAPI_CHECK, path, "/commands/Offer", body, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What the gateway takes is what the description says, and what it refuses, too. */
static void
a_validator_agrees(void **state)
{
    fixture *f = FIXTURE(state);
    static const struct {
        const char *body;
        bool is_right;
    } bodies[] = {
        { "{\"article_id\":\"apple\",\"price\":-3,\"is_new\":true,\"colour\":\"green\",\"limit\":null,"
          "\"size\":{\"width\":1,\"height\":2},\"parts\":[{\"name\":\"core\",\"weight\":0.5}],\"tags\":[\"a\",\"b\"],"
          "\"picture\":[0,255]}",
            true },
        { "{\"article_id\":\"bean\",\"colour\":2,\"limit\":7}", true },
        { "{\"price\":3}", false },
        { "{\"article_id\":\"x\",\"colour\":\"violet\"}", false },
        { "{\"article_id\":\"x\",\"prise\":3}", false },
        { "{\"article_id\":\"x\",\"price\":\"cheap\"}", false },
        { "{\"article_id\":\"x\",\"limit\":-1}", false },
        { "{\"article_id\":\"x\",\"picture\":[256]}", false },
        { "{\"article_id\":\"x\",\"parts\":[{\"weight\":1}]}", false },
    };

    serve(f);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(get(f, "/openapi.json"), 200);
        int says = validated(f, bodies[i].body);
        if (says == 77) skip(); /* there is no validator here */
        assert_int_equal(says, bodies[i].is_right ? 0 : 1);
        int status = post(f, "/commands/Offer", bodies[i].body);
        if (status != (bodies[i].is_right ? 200 : 400)) fail_msg("%s is answered: %s", bodies[i].body, f->last.body);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_shop(paths_are_those_that_are_served),
        with_shop(fields_are_typed),
        with_shop(a_validator_agrees),
    };
    return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
