/* SPDX-License-Identifier: MIT
 *
 * Runs the fuzz target of RTMP sessions over mutated transcripts: what encoders
 * send (tests/data/rtmp), with bytes changed, lost, doubled, put elsewhere or
 * into another transcript. Needs no instrumentation, so a build with sanitizers
 * does many; the same numbers give the same bytes everywhere.
 *
 *   mutate-rtmp-session [--runs N] [--long-runs N] [--first N] FOLDER...
 *
 * --long-runs counts with PENSTOCK_LONG in the environment. When the target dies
 * the number of the run is printed: `--first NUMBER --runs 1` repeats it. */

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
/* Of the sanitizers, where there are any. */
void __sanitizer_set_death_callback (void (*callback) (void))
    __attribute__ ((weak));

#define HANDSHAKE_BYTES (1 + 2 * 1536)
#define MAX_MUTATIONS 8
#define MAX_SPAN 512
/* Commands stand before the media. */
#define EARLY_BYTES 1200
/* Of the target's first byte: what follows is behind the handshake; it comes in
 * pieces, of as many bytes as the upper half says, and one. */
#define BEHIND_HANDSHAKE 4
#define IN_PIECES 8
/* A target that takes so long for some runs hangs. */
#define RUNS_PER_ALARM 256
#define ALARM_S 120
/* Kilobytes; a sanitizer keeps what is freed for a while. */
#define MAX_RSS (1024 * 1024)

static guint64 current; /* run */

static void
tell (void)
{
  fprintf (stderr, "run %" G_GUINT64_FORMAT "\n", current);
}

static void
on_signal (int number)
{
  tell ();
  signal (number, SIG_DFL);
  raise (number);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

static void
read_folder (const gchar *folder, GPtrArray *transcripts)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".rtmp"))
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    gchar *bytes;
    gsize size;
    if (g_file_get_contents (names->pdata[i], &bytes, &size, NULL))
      g_ptr_array_add (transcripts, g_bytes_new_take (bytes, size));
  }
}

/* --- mutations ------------------------------------------------------------ */

/* A place in @bytes behind @from, often an early one. */
static guint
place (GRand *random, const GByteArray *bytes, guint from)
{
  guint end = bytes->len;

  if (end <= from)
    return end;
  if (g_rand_boolean (random))
    end = MIN (end, from + EARLY_BYTES);
  return (guint) g_rand_int_range (random, (gint) from, (gint) end);
}

static guint
span (GRand *random, const GByteArray *bytes, guint at)
{
  gint longest = g_rand_boolean (random) ? 16 : MAX_SPAN;
  guint n = (guint) g_rand_int_range (random, 1, longest + 1);

  return MIN (bytes->len - at, n);
}

static void
insert (GByteArray *bytes, guint at, const guint8 *data, guint size)
{
  guint tail = bytes->len - at;

  g_byte_array_set_size (bytes, bytes->len + size);
  memmove (bytes->data + at + size, bytes->data + at, tail);
  memcpy (bytes->data + at, data, size);
}

/* A number of 1 to 4 bytes that is on some edge. */
static void
put_number (GRand *random, GByteArray *bytes, guint at)
{
  static const guint32 edges[] = { 0, 1, 2, 3, 4, 64, 127, 128, 255, 256,
    0xffff, 0x10000, 0x7fffff, 0xfffffe, 0xffffff, 0x7fffffff, 0x80000000,
    0xffffffff };
  guint32 value = edges[g_rand_int_range (random, 0, G_N_ELEMENTS (edges))];
  guint size = (guint) g_rand_int_range (random, 1, 5);

  size = MIN (size, bytes->len - at);
  for (guint i = 0; i < size; i++)
    bytes->data[at + i] = (guint8) (value >> 8 * (size - 1 - i));
}

/* Something of the same or of another transcript, once more. */
static void
put_piece (
    GRand *random, GByteArray *bytes, guint at, const GPtrArray *transcripts)
{
  GBytes *other =
      transcripts->pdata[g_rand_int_range (random, 0, (gint) transcripts->len)];
  gsize size;
  const guint8 *data = g_bytes_get_data (other, &size);
  guint begin = (guint) g_rand_int_range (
      random, MIN ((gint) size, HANDSHAKE_BYTES), (gint) size + 1);
  guint n = MIN ((guint) size - begin, MAX_SPAN);

  insert (bytes, at, data + begin, n);
}

/* A whole message of the protocol layer, with a number on some edge. */
static void
put_control (GRand *random, GByteArray *bytes, guint at)
{
  guint8 message[16] = { 2, 0, 0, 0, 0, 0, 4,
    (guint8) g_rand_int_range (random, 1, 7), 0, 0, 0, 0 };
  g_autoptr (GByteArray) whole = g_byte_array_new ();

  g_byte_array_append (whole, message, sizeof message);
  put_number (random, whole, 12);
  insert (bytes, at, whole->data, whole->len);
}

static void
mutate (
    GRand *random, GByteArray *bytes, guint from, const GPtrArray *transcripts)
{
  guint at = place (random, bytes, from);

  if (at >= bytes->len)
    return;
  switch (g_rand_int_range (random, 0, 9)) {
  case 0:
    bytes->data[at] ^= (guint8) (1 << g_rand_int_range (random, 0, 8));
    break;
  case 1:
    bytes->data[at] = (guint8) g_rand_int (random);
    break;
  case 2:
  case 3:
    put_number (random, bytes, at);
    break;
  case 4:
    g_byte_array_remove_range (bytes, at, span (random, bytes, at));
    break;
  case 5: {
    guint n = span (random, bytes, at);
    g_autofree guint8 *copy = g_memdup2 (bytes->data + at, n);
    insert (bytes, place (random, bytes, from), copy, n);
    break;
  }
  case 6:
    put_piece (random, bytes, at, transcripts);
    break;
  case 7:
    put_control (random, bytes, at);
    break;
  default:
    if (g_rand_int_range (random, 0, 4) == 0)
      g_byte_array_set_size (bytes, at);
    else
      memset (bytes->data + at, (guint8) g_rand_int (random),
          span (random, bytes, at));
    break;
  }
}

/* The input of run @number. */
static GByteArray *
make_input (const GPtrArray *transcripts, guint64 number)
{
  const guint32 seed[] = { (guint32) number, (guint32) (number >> 32) };
  g_autoptr (GRand) random = g_rand_new_with_seed_array (seed, 2);
  GBytes *transcript =
      transcripts->pdata[g_rand_int_range (random, 0, (gint) transcripts->len)];
  GByteArray *bytes = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (transcript, &size);
  guint8 how = BEHIND_HANDSHAKE | (guint8) (g_rand_int (random) & 0xf0);
  guint from = 1;

  if (g_rand_int_range (random, 0, 8) == 0) {
    from = 0; /* with the handshake */
    g_byte_array_append (bytes, data, (guint) size);
  } else {
    if (g_rand_int_range (random, 0, 4) == 0)
      how |= IN_PIECES;
    g_byte_array_append (bytes, &how, 1);
    g_byte_array_append (
        bytes, data + HANDSHAKE_BYTES, (guint) size - HANDSHAKE_BYTES);
  }
  for (gint n = g_rand_int_range (random, 1, MAX_MUTATIONS + 1); n > 0; n--)
    mutate (random, bytes, from, transcripts);
  return bytes;
}

/* --- the run ---------------------------------------------------------------- */

static void
run (const GPtrArray *transcripts, guint64 first, guint64 n)
{
  for (guint64 i = 0; i < n; i++) {
    if (i % RUNS_PER_ALARM == 0)
      alarm (ALARM_S);
    current = first + i;
    g_autoptr (GByteArray) bytes = make_input (transcripts, current);
    /* An exact-size copy: a sanitizer sees a read past the end. */
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    LLVMFuzzerTestOneInput (exact, bytes->len);
  }
  alarm (0);
}

int
main (int argc, char **argv)
{
  static const int deadly[] = { SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGSEGV };
  gint64 runs = 1000, long_runs = 0, first = 0;
  g_auto (GStrv) folders = NULL;
  const GOptionEntry entries[] = {
    { "runs", 0, 0, G_OPTION_ARG_INT64, &runs, NULL, NULL },
    { "long-runs", 0, 0, G_OPTION_ARG_INT64, &long_runs, NULL, NULL },
    { "first", 0, 0, G_OPTION_ARG_INT64, &first, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &folders, NULL,
        NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("FOLDER...");
  g_autoptr (GPtrArray) transcripts =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  struct rusage usage;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL))
    return 2;
  for (gchar **folder = folders; folder && *folder; folder++)
    read_folder (*folder, transcripts);
  if (transcripts->len == 0)
    return 2;
  if (long_runs > 0 && g_getenv ("PENSTOCK_LONG"))
    runs = long_runs;
  if (__sanitizer_set_death_callback)
    __sanitizer_set_death_callback (tell);
  else
    for (guint i = 0; i < G_N_ELEMENTS (deadly); i++)
      signal (deadly[i], on_signal);
  signal (SIGALRM, on_signal);

  gint64 begin = g_get_monotonic_time ();
  run (transcripts, (guint64) first, (guint64) runs);
  getrusage (RUSAGE_SELF, &usage);
  g_print ("%" G_GINT64_FORMAT " sessions from %" G_GINT64_FORMAT
           " on, %.1f s, at most %ld KB\n",
      runs, first, (gdouble) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC,
      usage.ru_maxrss);
  return usage.ru_maxrss < MAX_RSS ? 0 : 1;
}
