/* SPDX-License-Identifier: MIT
 *
 * How many loops a pool has, and waiting for them. */

#include <gst/check/gstcheck.h>
#include <sched.h>

#include "io/loop-pool.h"

/* As in a container, or under taskset, which see all processors of the machine
 * and may use some. */
GST_START_TEST (pool_on_one_core_has_one_loop)
{
  cpu_set_t before, one;
  guint first = 0;

  fail_unless_equals_int (sched_getaffinity (0, sizeof before, &before), 0);
  while (!CPU_ISSET (first, &before))
    first++;
  CPU_ZERO (&one);
  CPU_SET (first, &one);
  fail_unless_equals_int (sched_setaffinity (0, sizeof one, &one), 0);
  PenstockLoopPool *pool = penstock_loop_pool_new ("one", NULL);
  fail_unless_equals_int (sched_setaffinity (0, sizeof before, &before), 0);
  fail_unless (pool != NULL);
  fail_unless_equals_int (penstock_loop_pool_get_n (pool), 1);
  penstock_loop_pool_unref (pool);
}
GST_END_TEST

GST_START_TEST (pool_has_a_loop_for_each_core_up_to_its_limit)
{
  cpu_set_t cores;

  fail_unless_equals_int (sched_getaffinity (0, sizeof cores, &cores), 0);
  g_autoptr (PenstockLoopPool) pool = penstock_loop_pool_new ("all", NULL);
  fail_unless (pool != NULL);
  fail_unless_equals_int (penstock_loop_pool_get_n (pool),
      MIN (CPU_COUNT (&cores), PENSTOCK_LOOP_POOL_MAX));
}
GST_END_TEST

typedef struct {
  PenstockLoop *loop;
  gboolean *gone;
} Thing;

static void
thing_free (gpointer data)
{
  Thing *thing = data;

  *thing->gone = TRUE;
  g_free (thing);
}

static void
end_thing (gpointer data)
{
  Thing *thing = data;

  g_thread_yield (); /* who does not wait for it would be ahead */
  penstock_loop_dispose (thing->loop, thing_free, thing);
}

GST_START_TEST (drained_pool_has_done_all_and_let_it_go)
{
  g_autoptr (PenstockLoopPool) pool = penstock_loop_pool_new ("drain", NULL);
  gboolean gone[100] = { FALSE };

  fail_unless (pool != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (gone); i++) {
    Thing *thing = g_new (Thing, 1);
    thing->loop =
        penstock_loop_pool_get (pool, i % penstock_loop_pool_get_n (pool));
    thing->gone = &gone[i];
    penstock_loop_post (thing->loop, end_thing, thing);
  }
  penstock_loop_pool_drain (pool);
  for (guint i = 0; i < G_N_ELEMENTS (gone); i++)
    fail_unless (gone[i]);
}
GST_END_TEST

static Suite *
loop_pool_suite (void)
{
  Suite *suite = suite_create ("loop-pool");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, pool_on_one_core_has_one_loop);
  tcase_add_test (tcase, pool_has_a_loop_for_each_core_up_to_its_limit);
  tcase_add_test (tcase, drained_pool_has_done_all_and_let_it_go);
  return suite;
}

GST_CHECK_MAIN (loop_pool);
