/* SPDX-License-Identifier: MIT
 *
 * The daemon: arguments, limits, signals; the rest is libpenstock. Text goes
 * out as UTF-8 whatever the locale, as in the log: stdio, not g_print(). */

#include <errno.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config-describe.h"
#include "config-private.h"
#include "log.h"
#include "penstock-error.h"
#include "penstock-server.h"

/* Exit statuses besides EXIT_SUCCESS. */
#define EXIT_RUN 1    /* the gateway could not start */
#define EXIT_CONFIG 2 /* wrong arguments or configuration */

/* The promise is 5 s from SIGTERM to the end. */
#define DRAIN_S 4

typedef struct {
  GMainLoop *loop;
  PenstockServer *server;
  const gchar *filename; /* of the route map */
  guint signals[3];
} Daemon;

/* --- limits ----------------------------------------------------------------- */

/* Every reader is a socket or more. Returns what is allowed now. */
static rlim_t
raise_fd_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return 0;
  struct rlimit wanted = { limit.rlim_max, limit.rlim_max };
  if (limit.rlim_cur < limit.rlim_max &&
      setrlimit (RLIMIT_NOFILE, &wanted) == 0)
    return wanted.rlim_cur;
  return limit.rlim_cur;
}

static void
print_fd_limit (rlim_t limit)
{
  if (limit == RLIM_INFINITY)
    printf ("file descriptors: no limit\n");
  else
    printf ("file descriptors: %" G_GUINT64_FORMAT "\n", (guint64) limit);
}

/* --- signals ----------------------------------------------------------------- */

static void
give_up (int number)
{
  static const char text[] =
      "penstock: still closing connections, stopping without them\n";

  if (write (STDERR_FILENO, text, sizeof (text) - 1) < 0) {
    /* Nobody reads the log any more. */
  }
  _exit (EXIT_SUCCESS);
}

/* Drains. With the sources gone the signals have their default effect again:
 * a second one ends the process at once, even if the main loop hangs. */
static gboolean
stop (gpointer user_data)
{
  Daemon *self = user_data;
  struct sigaction action = { .sa_handler = give_up };

  penstock_info ("gateway", "stopping");
  for (guint i = 0; i < G_N_ELEMENTS (self->signals); i++)
    g_clear_handle_id (&self->signals[i], g_source_remove);
  sigaction (SIGALRM, &action, NULL);
  alarm (DRAIN_S);
  penstock_server_stop (self->server);
  return G_SOURCE_REMOVE;
}

static void
log_warnings (PenstockConfig *config)
{
  g_autofree gchar *warnings = penstock_config_dup_warnings (config);
  g_auto (GStrv) lines = g_strsplit (warnings ? warnings : "", "\n", -1);

  for (gchar **line = lines; *line; line++)
    if (**line)
      penstock_warning ("config", "%s", *line);
}

/* A route map with an error changes nothing. */
static gboolean
reload (gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PenstockConfig) config =
      penstock_config_new_from_file (self->filename, &error);

  if (config && penstock_server_reload (self->server, config, &error)) {
    log_warnings (config);
    penstock_log_set_level (penstock_config_get_data (config)->log_level);
    return G_SOURCE_CONTINUE;
  }
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
  for (gchar **line = lines; *line; line++)
    penstock_error ("config", "%s", *line);
  penstock_error ("gateway", "the route map is not reloaded; all goes on");
  return G_SOURCE_CONTINUE;
}

static void
server_stopped (PenstockServer *server, Daemon *self)
{
  g_main_loop_quit (self->loop);
}

/* --- running ------------------------------------------------------------------- */

static void
print_urls (PenstockConfig *config, PenstockServer *server)
{
  PenstockPorts ports = {
    .rtmp = penstock_server_get_port (server, "rtmp"),
    .rtmps = penstock_server_get_port (server, "rtmps"),
    .rtsp = penstock_server_get_port (server, "rtsp"),
    .rtsps = penstock_server_get_port (server, "rtsps"),
    .http = penstock_server_get_port (server, "http"),
    .https = penstock_server_get_port (server, "https"),
  };
  g_autofree gchar *urls = penstock_config_data_describe_urls (
      penstock_config_get_data (config), &ports);

  printf ("penstock %s runs; stop it with Ctrl+C\n%s", PENSTOCK_VERSION, urls);
  fflush (stdout);
}

static int
run (PenstockConfig *config, const gchar *filename)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (PenstockServer) server = penstock_server_new (config);
  g_autoptr (GError) error = NULL;
  Daemon self = { .loop = loop, .server = server, .filename = filename };

  if (!penstock_server_start (server, &error)) {
    penstock_error ("gateway", "cannot start: %s", error->message);
    return EXIT_RUN;
  }
  g_signal_connect (server, "stopped", G_CALLBACK (server_stopped), &self);
  self.signals[0] = g_unix_signal_add (SIGTERM, stop, &self);
  self.signals[1] = g_unix_signal_add (SIGINT, stop, &self);
  self.signals[2] = g_unix_signal_add (SIGHUP, reload, &self);
  print_urls (config, server);
  g_main_loop_run (loop);
  penstock_info ("gateway", "stopped");
  return EXIT_SUCCESS;
}

static int
check (PenstockConfig *config, rlim_t fd_limit)
{
  g_autofree gchar *text = penstock_config_describe (config);
  g_autofree gchar *warnings = penstock_config_dup_warnings (config);

  printf ("%s", text);
  print_fd_limit (fd_limit);
  if (warnings)
    fprintf (stderr, "%s\n", warnings);
  return EXIT_SUCCESS;
}

/* --- arguments ---------------------------------------------------------------------- */

typedef struct {
  gboolean check, version;
  gchar **files;
} Arguments;

static void
arguments_clear (Arguments *arguments)
{
  g_strfreev (arguments->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

static gboolean
parse_arguments (Arguments *arguments, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "check", 0, 0, G_OPTION_ARG_NONE, &arguments->check,
        "Check the route map, print what would run, and exit", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &arguments->version,
        "Print the version and exit", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->files,
        NULL, "ROUTEMAP.json" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
      "Live media gateway: streams in by RTMP, RTSP and from files, out by "
      "RTSP and DASH.");
  g_option_context_set_description (context,
      "SIGHUP reads the route map again, SIGTERM drains and stops.\n"
      "Environment variables like PENSTOCK_LISTEN_RTSP and "
      "PENSTOCK_LOG_LEVEL override\nthe route map. Exit status: 0 stopped by "
      "a signal, 1 could not start,\n2 wrong arguments or route map.");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static int
usage (const gchar *message)
{
  fprintf (stderr, "penstock: %s\nTry \"penstock --help\".\n", message);
  return EXIT_CONFIG;
}

static int
load_and_run (const gchar *filename, gboolean only_check)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PenstockConfig) config =
      penstock_config_new_from_file (filename, &error);

  if (!config) {
    fprintf (stderr, "%s\n", error->message);
    return EXIT_CONFIG;
  }
  rlim_t fd_limit = raise_fd_limit ();
  if (only_check)
    return check (config, fd_limit);

  penstock_log_install ();
  penstock_log_set_level (penstock_config_get_data (config)->log_level);
  log_warnings (config);
  /* A reader that went away is an error of one write, not our end. */
  signal (SIGPIPE, SIG_IGN);
  if (!gst_init_check (NULL, NULL, &error)) {
    penstock_error ("gateway", "GStreamer: %s", error->message);
    return EXIT_RUN;
  }
  int status = run (config, filename);
  /* Threads of requests let go of their last objects a moment later. */
  gst_rtsp_thread_pool_cleanup ();
  gst_deinit ();
  alarm (0);
  return status;
}

int
main (int argc, char **argv)
{
  g_auto (Arguments) arguments = { 0 };
  g_autoptr (GError) error = NULL;

  if (!parse_arguments (&arguments, &argc, &argv, &error))
    return usage (error->message);
  if (arguments.version) {
    g_autofree gchar *gst_version = gst_version_string ();
    printf ("penstock %s (%s)\n", PENSTOCK_VERSION, gst_version);
    return EXIT_SUCCESS;
  }
  guint n_files = arguments.files ? g_strv_length (arguments.files) : 0;
  if (n_files != 1)
    return usage (n_files == 0 ? "a route map is needed"
                               : "only one route map can be given");
  return load_and_run (arguments.files[0], arguments.check);
}
