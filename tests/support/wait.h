/* SPDX-License-Identifier: MIT
 *
 * Waiting in the test's main context for what other threads and processes do.
 * They do not tell the context, so it is also woken now and then to look. */
#ifndef PENSTOCK_TEST_WAIT_H
#define PENSTOCK_TEST_WAIT_H

#include <glib.h>

#define TEST_WAIT_WAKE_MS 5

static inline gboolean
test_wait_wake (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The context runs until @condition, which may also be that a time is over;
 * otherwise the test's time limit ends it. */
#define WAIT_FOR(condition)                                                    \
  G_STMT_START                                                                 \
  {                                                                            \
    guint wait_wake = g_timeout_add (TEST_WAIT_WAKE_MS, test_wait_wake, NULL); \
    while (!(condition))                                                       \
      g_main_context_iteration (NULL, TRUE);                                   \
    g_source_remove (wait_wake);                                               \
  }                                                                            \
  G_STMT_END

#endif /* PENSTOCK_TEST_WAIT_H */
