/*
 * A shop: articles are offered, and lie in a read model with indexes.
 */
#ifndef TESTS_GATEWAY_SHOP_H
#define TESTS_GATEWAY_SHOP_H

#include "http.h"
#include "shop.acta.h"

int set_up_shop(void **state);
#define with_shop(test) cmocka_unit_test_setup_teardown(test, set_up_shop, tear_down)

/* Returns when it is in the read model. */
void offer(fixture *f, const char *id, const char *group, int64_t price, bool is_new);

#endif
