// SPDX-License-Identifier: Apache-2.0
// cmocka for C++: the headers that it expects to have been included, in their order. To be included last, since it has
// macros with names that the C++ library uses (`fail`).
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}
