/* SPDX-License-Identifier: MIT
 *
 * Serves folders as if they were the segment stores of running routes, without
 * the rest of the gateway: for work on the pages and for browser tests.
 *
 *   http-serve PORT STATUS.json ROUTE=FOLDER...
 *
 * Files that appear, change or go in a folder do so in the store. The status
 * file is read anew for every question. Prints the port and ends on SIGTERM.
 *
 * Lines on standard input have files grow, and are answered "ok":
 *
 *   append ROUTE PATH FILE    with what is in FILE
 *   finish ROUTE PATH
 *   expect ROUTE PATH MS      from now */

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dash/segment-store.h"
#include "http/http-server.h"
#include "log.h"

typedef struct {
  PenstockSegmentStore *store;
  gchar *folder;
  GFileMonitor *monitor;
} Served;

static const gchar *
type_of (const gchar *name)
{
  if (g_str_has_suffix (name, ".mpd"))
    return "application/dash+xml";
  if (g_str_has_suffix (name, ".m3u8"))
    return "application/vnd.apple.mpegurl";
  return "video/mp4";
}

static void
load (Served *served, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (served->folder, name, NULL);
  gchar *data;
  gsize size;

  if (g_str_has_suffix (name, ".tmp"))
    return;
  if (!g_file_get_contents (path, &data, &size, NULL)) {
    penstock_segment_store_remove (served->store, name);
    return;
  }
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  penstock_segment_store_put (served->store, name, type_of (name), bytes);
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other,
    GFileMonitorEvent event, Served *served)
{
  g_autofree gchar *name = g_file_get_basename (file);
  g_autofree gchar *other_name = other ? g_file_get_basename (other) : NULL;

  if (event == G_FILE_MONITOR_EVENT_CREATED ||
      event == G_FILE_MONITOR_EVENT_CHANGED)
    return; /* not whole yet */
  load (served, name);
  if (other_name)
    load (served, other_name);
}

static Served *
serve (PenstockHttpServer *http, const gchar *argument)
{
  const gchar *equals = strchr (argument, '=');
  g_autofree gchar *route = NULL;
  Served *served = g_new0 (Served, 1);

  if (!equals)
    g_error ("%s: expected ROUTE=FOLDER", argument);
  route = g_strndup (argument, equals - argument);
  served->folder = g_strdup (equals + 1);
  served->store = penstock_segment_store_get (route);

  g_autoptr (GFile) file = g_file_new_for_path (served->folder);
  served->monitor =
      g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  g_signal_connect (
      served->monitor, "changed", G_CALLBACK (on_changed), served);
  g_autoptr (GDir) dir = g_dir_open (served->folder, 0, NULL);
  for (const gchar *name; dir && (name = g_dir_read_name (dir));)
    load (served, name);
  penstock_http_server_add_route (http, route, route);
  return served;
}

static void
served_free (gpointer data)
{
  Served *served = data;

  g_object_unref (served->monitor);
  g_object_unref (served->store);
  g_free (served->folder);
  g_free (served);
}

/* ---- commands ---- */

/* FALSE: not understood. */
static gboolean
obey (gchar **words)
{
  guint n = g_strv_length (words);

  if (n < 3)
    return FALSE;
  g_autoptr (PenstockSegmentStore) store =
      penstock_segment_store_get (words[1]);
  if (n == 4 && g_str_equal (words[0], "append")) {
    gchar *data;
    gsize size;
    if (!g_file_get_contents (words[3], &data, &size, NULL))
      return FALSE;
    g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
    penstock_segment_store_append (store, words[2], type_of (words[2]), bytes);
    return TRUE;
  }
  if (n == 4 && g_str_equal (words[0], "expect")) {
    penstock_segment_store_expect (store, words[2],
        g_get_real_time () +
            g_ascii_strtoll (words[3], NULL, 10) * G_TIME_SPAN_MILLISECOND);
    return TRUE;
  }
  if (n == 3 && g_str_equal (words[0], "finish")) {
    penstock_segment_store_finish (store, words[2]);
    return TRUE;
  }
  return FALSE;
}

static gboolean
on_command (GIOChannel *input, GIOCondition condition, gpointer unused)
{
  g_autofree gchar *line = NULL;
  gsize end;

  if (g_io_channel_read_line (input, &line, NULL, &end, NULL) !=
      G_IO_STATUS_NORMAL)
    return G_SOURCE_REMOVE;
  line[end] = '\0';
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  printf ("%s\n", obey (words) ? "ok" : "not understood");
  fflush (stdout);
  return G_SOURCE_CONTINUE;
}

static GBytes *
read_status (gpointer user_data)
{
  gchar *text = NULL;
  gsize size = 0;

  if (!g_file_get_contents (user_data, &text, &size, NULL))
    return g_bytes_new_static ("{}", 2);
  return g_bytes_new_take (text, size);
}

static gboolean
on_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GPtrArray) served = g_ptr_array_new_with_free_func (served_free);
  gchar host[] = "127.0.0.1";

  if (argc < 3) {
    fprintf (stderr, "usage: http-serve PORT STATUS.json ROUTE=FOLDER...\n");
    return 2;
  }
  PenstockListenAddress listen = {
    .set = TRUE, .host = host, .port = (guint16) atoi (argv[1])
  };
  g_autoptr (PenstockHttpServer) http =
      penstock_http_server_new (&listen, read_status, argv[2]);
  for (int i = 3; i < argc; i++)
    g_ptr_array_add (served, serve (http, argv[i]));
  if (g_getenv ("PENSTOCK_DEBUG"))
    penstock_log_set_level (PENSTOCK_LOG_DEBUG);
  if (!penstock_http_server_start (http, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  printf ("%u\n", penstock_http_server_get_port (http));
  fflush (stdout);
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_command, NULL);
  g_unix_signal_add (SIGTERM, on_signal, loop);
  g_unix_signal_add (SIGINT, on_signal, loop);
  g_main_loop_run (loop);
  penstock_http_server_stop (http);
  return 0;
}
