/* Poisoning memory that is not in use: built with AddressSanitizer, whoever looks at it is found as
 * with malloc. Without it nothing is done. */
#ifndef TENON_BASE_POISON_H
#define TENON_BASE_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define POISON_IS_ON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_IS_ON 1
#endif
#endif

#ifdef POISON_IS_ON
#include <sanitizer/asan_interface.h>
#define POISON_IS_AT(address) __asan_address_is_poisoned(address)
#else
#define POISON_IS_AT(address)                    0
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#endif
