/* SPDX-License-Identifier: MIT
 *
 * Wrong route maps, each with the whole of what the user reads. In the table '
 * stands for a double quote and ` for a single one. */

#include <gst/check/gstcheck.h>
#include <string.h>

#include "config-parse.h"
#include "config-structs.h"
#include "penstock-error.h"

#define LISTEN                                                                 \
  "{ 'listen': { 'rtmp': ':1935', 'rtsp': ':8554', 'http': ':8080' },\n"       \
  "'routes': {\n"
#define PUBLISH "{ 'input': 'publish', 'outputs': ['rtsp'] }"
#define ROUTE(text) LISTEN "'r': " text "\n}}"
#define NAME(text) LISTEN "'" text "': " PUBLISH "\n}}"
#define NAMES(a, b) LISTEN "'" a "': " PUBLISH ",\n'" b "': " PUBLISH "\n}}"
#define INPUT(text) ROUTE ("{ 'input': " text ", 'outputs': ['rtsp'] }")
#define OUTPUTS(text) ROUTE ("{ 'input': 'test', 'outputs': " text " }")

typedef struct {
  const gchar *name;
  const gchar *map;
  const gchar *message;
} WrongMap;

/* clang-format off */
static const WrongMap wrong_maps[] = {
  { "root_is_an_array",
      "[]",
      "map.json:1:1: expected an object, found an empty array" },
  { "root_is_a_string",
      "'publish'",
      "map.json:1:1: expected an object, found a string" },
  { "routes_are_missing",
      "{ 'listen': {} }",
      "map.json:1:1: missing 'routes'" },
  { "unknown_key_with_suggestion",
      "{ 'rotues': {}, 'routes': {} }",
      "map.json:1:3: /rotues: unknown key (did you mean 'routes'?)" },
  { "unknown_key_without_suggestion",
      "{ 'colour': 1, 'routes': {} }",
      "map.json:1:3: /colour: unknown key" },
  { "unknown_key_with_a_slash",
      "{ 'a/b~c': 1, 'routes': {} }",
      "map.json:1:3: /a~1b~0c: unknown key" },
  { "tls_without_a_certificate",
      "{ 'tls': {}, 'routes': {} }",
      "map.json:1:10: /tls: missing 'certificate-file'" },
  { "tls_listener_without_tls",
      "{ 'listen': { 'rtsps': ':8322' }, 'routes': {} }",
      "/listen/rtsps: needs a certificate in /tls/certificate-file" },
  { "https_without_tls",
      "{ 'listen': { 'https': ':8443' }, 'routes': {} }",
      "/listen/https: needs a certificate in /tls/certificate-file" },
  { "certificate_is_not_there",
      "{ 'tls': { 'certificate-file': '/none.pem' }, 'routes': {} }",
      "map.json:1:32: /tls/certificate-file: cannot read the file '/none.pem': "
      "No such file" },
  { "key_is_a_device",
      "{ 'tls': { 'certificate-file': '/proc/version',\n"
      "'key-file': '/dev/zero' }, 'routes': {} }",
      "map.json:2:13: /tls/key-file: cannot read the file '/dev/zero': "
      "Not a regular file" },
  { "routes_are_an_array",
      "{ 'routes': [] }",
      "map.json:1:13: /routes: expected an object, found an empty array" },
  { "route_is_a_string",
      "{ 'routes': { 'lobby': 'publish' } }",
      "map.json:1:24: /routes/lobby: expected an object, found a string" },
  { "log_is_a_string",
      "{ 'log': 'debug', 'routes': {} }",
      "map.json:1:10: /log: expected an object, found a string" },
  { "log_level_is_mistyped",
      "{ 'log': { 'level': 'inof' }, 'routes': {} }",
      "map.json:1:21: /log/level: expected 'error', 'warning', 'info' or "
      "'debug', found 'inof' (did you mean 'info'?)" },
  { "log_level_is_a_number",
      "{ 'log': { 'level': 3 }, 'routes': {} }",
      "map.json:1:21: /log/level: expected 'error', 'warning', 'info' or "
      "'debug', found 3" },
  { "allow_launch_is_a_string",
      "{ 'allow-launch': 'true', 'routes': {} }",
      "map.json:1:19: /allow-launch: expected true or false, found 'true' "
      "(without quotes)" },
  { "allow_launch_is_null",
      "{ 'allow-launch': null, 'routes': {} }",
      "map.json:1:19: /allow-launch: expected true or false, found null" },
  { "port_alone",
      "{ 'listen': { 'rtsp': '8554' }, 'routes': {} }",
      "map.json:1:23: /listen/rtsp: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found '8554' (did you "
      "mean ':8554'?)" },
  { "port_as_a_number",
      "{ 'listen': { 'rtsp': 8554 }, 'routes': {} }",
      "map.json:1:23: /listen/rtsp: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found 8554 (did you "
      "mean ':8554'?)" },
  { "host_name_localhost",
      "{ 'listen': { 'rtmp': 'localhost:1935' }, 'routes': {} }",
      "map.json:1:23: /listen/rtmp: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found "
      "'localhost:1935' (did you mean '127.0.0.1:1935'?)" },
  { "any_host_as_a_star",
      "{ 'listen': { 'http': '*:8080' }, 'routes': {} }",
      "map.json:1:23: /listen/http: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found '*:8080' (did "
      "you mean ':8080'?)" },
  { "ipv6_without_brackets",
      "{ 'listen': { 'http': '::1:8080' }, 'routes': {} }",
      "map.json:1:23: /listen/http: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found '::1:8080' (did "
      "you mean '[::1]:8080'?)" },
  { "port_above_the_range",
      "{ 'listen': { 'http': '[::]:65536' }, 'routes': {} }",
      "map.json:1:23: /listen/http: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found '[::]:65536'" },
  { "address_out_of_range",
      "{ 'listen': { 'http': '127.0.0.256:80' }, 'routes': {} }",
      "map.json:1:23: /listen/http: expected 'ADDRESS:PORT' with a numeric "
      "address, like '127.0.0.1:8080' or '[::]:8080', found '127.0.0.256:80'" },
  { "listen_key_is_mistyped",
      "{ 'listen': { 'rstp': '[::]:8554' }, 'routes': {} }",
      "map.json:1:15: /listen/rstp: unknown key (did you mean 'rtsp'?)" },
  { "two_listeners_on_one_port",
      "{ 'listen': { 'rtmp': '127.0.0.1:1935', 'http': '[::]:1935' }, "
      "'routes': {} }",
      "map.json:1:49: /listen/http: the port is taken by /listen/rtmp, "
      "which listens on 127.0.0.1:1935" },
  { "name_is_empty",
      NAME (""),
      "map.json:3:1: /routes/: the route`s name is empty" },
  { "name_is_only_slashes",
      NAME ("//"),
      "map.json:3:1: /routes/~1~1: the route`s name is empty" },
  { "name_has_dot_dot",
      NAME ("live/../x"),
      "map.json:3:1: /routes/live~1..~1x: the route`s name has a '..' "
      "segment" },
  { "name_is_reserved",
      NAME ("lobby/manifest.mpd"),
      "map.json:3:1: /routes/lobby~1manifest.mpd: the route`s name has the "
      "segment 'manifest.mpd', which is reserved" },
  { "name_is_a_playlist",
      NAME ("live/index.m3u8"),
      "map.json:3:1: /routes/live~1index.m3u8: the route`s name has the "
      "segment 'index.m3u8', which is reserved" },
  { "name_has_a_control_character",
      NAME ("live/\\u0007"),
      "map.json:3:1: /routes/live~1\\u0007: the route`s name has a control "
      "character" },
  { "name_has_a_space",
      NAME ("front door"),
      "map.json:3:1: /routes/front door: the route`s name has ' ', which a "
      "URL cannot carry unescaped" },
  { "name_has_a_query",
      NAME ("live?x"),
      "map.json:3:1: /routes/live?x: the route`s name has '?', which a URL "
      "cannot carry unescaped" },
  { "name_has_too_many_segments",
      NAME ("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"),
      "map.json:3:1: /routes/a~1b~1c~1d~1e~1f~1g~1h~1i~1j~1k~1l~1m~1n~1o~1p~"
      "1q: the route`s name has 17 segments, at most 16 are allowed" },
  { "star_inside_a_segment",
      NAME ("live/cam*"),
      "map.json:3:1: /routes/live~1cam*: the route`s name has '*' inside a "
      "segment; '*' stands for a whole segment" },
  { "double_star_in_the_middle",
      NAME ("live/**/x"),
      "map.json:3:1: /routes/live~1**~1x: the route`s name has '**' before "
      "its end; only the last segment can be '**'" },
  { "same_name_after_normalization",
      NAMES ("live/one", "/live//one/"),
      "map.json:4:1: /routes/~1live~1~1one~1: the same route as 'live/one' "
      "at 3:1" },
  { "templates_tie",
      NAMES ("live/*/x", "live/a/*"),
      "map.json:4:1: /routes/live~1a~1*: the template matches paths that "
      "'live/*/x' matches too, and neither is more specific" },
  { "input_is_missing",
      ROUTE ("{ 'outputs': ['rtsp'] }"),
      "map.json:3:6: /routes/r: missing 'input'" },
  { "outputs_are_missing",
      ROUTE ("{ 'input': 'test' }"),
      "map.json:3:6: /routes/r: missing 'outputs'" },
  { "output_instead_of_outputs",
      ROUTE ("{ 'input': 'test', 'output': ['rtsp'] }"),
      "map.json:3:6: /routes/r: missing 'outputs'\n"
      "map.json:3:25: /routes/r/output: unknown key (did you mean "
      "'outputs'?)" },
  { "several_inputs_are_not_supported",
      ROUTE ("{ 'inputs': [], 'input': 'test', 'outputs': ['rtsp'] }"),
      "map.json:3:8: /routes/r/inputs: unknown key: a list of inputs is not "
      "supported by this version" },
  { "start_is_not_supported",
      ROUTE ("{ 'start': 'on-demand', 'input': 'test', 'outputs': ['rtsp'] }"),
      "map.json:3:8: /routes/r/start: unknown key: starting on demand is "
      "not supported by this version" },
  { "policy_is_mistyped",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publisher-policy': "
        "'take-over' }"),
      "map.json:3:69: /routes/r/publisher-policy: expected "
      "'takeover-stale', 'takeover' or 'reject', found 'take-over' (did you "
      "mean 'takeover'?)" },
  { "grace_is_too_long",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publisher-grace-ms': "
        "3600001 }"),
      "map.json:3:71: /routes/r/publisher-grace-ms: expected a whole number "
      "from 0 to 3600000 ms, found 3600001" },
  { "grace_is_negative",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publisher-grace-ms': "
        "-1 }"),
      "map.json:3:71: /routes/r/publisher-grace-ms: expected a whole number "
      "from 0 to 3600000 ms, found -1" },
  { "grace_is_a_fraction",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publisher-grace-ms': "
        "1.5 }"),
      "map.json:3:71: /routes/r/publisher-grace-ms: expected a whole number "
      "from 0 to 3600000 ms, found 1.5" },
  { "grace_has_an_exponent",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publisher-grace-ms': "
        "1e3 }"),
      "map.json:3:71: /routes/r/publisher-grace-ms: expected a whole number "
      "from 0 to 3600000 ms, found 1e3" },
  { "grace_of_another_input",
      ROUTE ("{ 'input': 'test', 'outputs': ['rtsp'], 'publisher-grace-ms': 1000 "
        "}"),
      "map.json:3:46: /routes/r/publisher-grace-ms: needs the input "
      "'publish'" },
  { "publish_of_another_input",
      ROUTE ("{ 'input': 'test', 'outputs': ['rtsp'], 'publish': { 'key': 'k' } }"),
      "map.json:3:46: /routes/r/publish: needs the input 'publish'" },
  { "publish_is_a_string",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': 'HUNTER2' }"),
      "map.json:3:60: /routes/r/publish: expected an object, found a string" },
  { "publish_is_empty",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': {} }"),
      "map.json:3:60: /routes/r/publish: missing 'key', 'key-file' or "
      "'user'" },
  { "publishers_have_a_password_but_no_user",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'key': "
        "'k', 'password': 'HUNTER2' } }"),
      "map.json:3:60: /routes/r/publish: a password without a user" },
  { "publishers_have_a_user_but_no_password",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'user': "
        "'ann' } }"),
      "map.json:3:60: /routes/r/publish: a user without a password" },
  { "publishers_have_password_and_password_file",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'user': "
        "'ann', 'password': 'HUNTER2', 'password-file': '/dev/null' } }"),
      "map.json:3:100: /routes/r/publish/password-file: excludes 'password': "
      "one of both\n"
      "map.json:3:117: /routes/r/publish/password-file: cannot read the file "
      "'/dev/null': Not a regular file" },
  { "user_of_publishers_has_a_colon",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'user': "
        "'an:n', 'password': 'HUNTER2' } }"),
      "map.json:3:70: /routes/r/publish/user: a user cannot have a ':' "
      "(RFC 7617, 2)" },
  { "publishers_have_a_user_where_rtsp_is_not_served",
      "{ 'listen': { 'rtmp': ':1935' }, 'routes': { 'r': { 'input': "
      "'publish', 'outputs': ['rtmp'], 'publish': { 'user': 'ann', "
      "'password': 'HUNTER2' } } } }",
      "map.json:1:107: /routes/r/publish/user: needs /listen/rtsp or "
      "/listen/rtsps" },
  { "key_is_empty",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'key': '' "
        "} }"),
      "map.json:3:69: /routes/r/publish/key: expected a string that is not "
      "empty, found an empty string" },
  { "key_is_a_number",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'key': "
        "4711 } }"),
      "map.json:3:69: /routes/r/publish/key: expected a string that is not "
      "empty, found a number" },
  { "key_has_a_slash",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'key': "
        "'HUNTER/2' } }"),
      "map.json:3:69: /routes/r/publish/key: a key has only letters, "
      "digits, '-', '.', '_' and '~'" },
  { "key_and_key_file",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { 'key': "
        "'HUNTER2', 'key-file': '/dev/null' } }"),
      "map.json:3:80: /routes/r/publish/key-file: excludes 'key': one of "
      "both\n"
      "map.json:3:92: /routes/r/publish/key-file: cannot read the file "
      "'/dev/null': Not a regular file" },
  { "key_file_does_not_exist",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { "
        "'key-file': '/nonexistent/key' } }"),
      "map.json:3:74: /routes/r/publish/key-file: cannot read the file "
      "'/nonexistent/key': No such file or directory" },
  { "key_file_is_a_device",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { "
        "'key-file': '/dev/zero' } }"),
      "map.json:3:74: /routes/r/publish/key-file: cannot read the file "
      "'/dev/zero': Not a regular file" },
  { "key_file_is_a_folder",
      ROUTE ("{ 'input': 'publish', 'outputs': ['rtsp'], 'publish': { "
        "'key-file': '/' } }"),
      "map.json:3:74: /routes/r/publish/key-file: cannot read the file '/': "
      "Not a regular file" },
  { "cache_is_too_small",
      ROUTE ("{ 'input': 'test', 'outputs': ['rtsp'], 'cache': { 'max-bytes': "
        "1000 } }"),
      "map.json:3:70: /routes/r/cache/max-bytes: expected a whole number "
      "from 65536 to 17179869184 bytes, found 1000" },
  { "cache_key_is_mistyped",
      ROUTE ("{ 'input': 'test', 'outputs': ['rtsp'], 'cache': { 'max_bytes': "
        "1000000 } }"),
      "map.json:3:57: /routes/r/cache/max_bytes: unknown key (did you mean "
      "'max-bytes'?)" },
  { "input_word_is_mistyped",
      INPUT ("'pubilsh'"),
      "map.json:3:17: /routes/r/input: expected 'publish', 'rtsp://...', "
      "'rtmp://...', 'rtmps://...', 'file:...', 'test' or an object, found 'pubilsh' (did "
      "you mean 'publish'?)" },
  { "input_is_a_number",
      INPUT ("7"),
      "map.json:3:17: /routes/r/input: expected a string or an object, "
      "found a number" },
  { "input_has_no_type",
      INPUT ("{ 'url': 'rtsp://camera/' }"),
      "map.json:3:17: /routes/r/input: missing 'type': 'publish', 'rtsp', "
      "'rtmp', 'file', 'test' or 'launch'" },
  { "input_type_is_mistyped",
      INPUT ("{ 'type': 'flie', 'path': 'x' }"),
      "map.json:3:27: /routes/r/input/type: expected 'publish', 'rtsp', "
      "'rtmp', 'file', 'test' or 'launch', found 'flie' (did you mean "
      "'file'?)" },
  { "input_type_is_not_supported",
      INPUT ("{ 'type': 'websocket' }"),
      "map.json:3:27: /routes/r/input/type: publishing by WebSocket is not "
      "supported by this version" },
  { "input_over_tls_is_not_supported",
      INPUT ("'rtsps://camera/'"),
      "map.json:3:17: /routes/r/input: RTSP over TLS is not supported by "
      "this version" },
  { "input_url_of_an_unknown_scheme",
      INPUT ("'srt://user:HUNTER2@camera/'"),
      "map.json:3:17: /routes/r/input: expected 'publish', 'rtsp://...', "
      "'rtmp://...', 'rtmps://...', 'file:...', 'test' or an object, found another string" },
  { "url_is_missing",
      INPUT ("{ 'type': 'rtsp' }"),
      "map.json:3:17: /routes/r/input: missing 'url'" },
  { "url_without_a_host",
      INPUT ("'rtsp:///stream'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': it "
      "has no host" },
  { "url_of_another_scheme",
      INPUT ("{ 'type': 'rtsp', 'url': 'http://camera/' }"),
      "map.json:3:42: /routes/r/input/url: expected a URL "
      "'rtsp://HOST/...': it has another scheme" },
  { "url_with_a_wrong_port",
      INPUT ("'rtsp://camera:99999/'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': "
      "its port is not a number from 1 to 65535 (in a user or password, `/` "
      "is written %2F, `?` %3F, `#` %23)" },
  { "url_with_a_slash_in_the_password",
      INPUT ("'rtsp://admin:HUN/TER2@camera/'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': "
      "its port is not a number from 1 to 65535 (in a user or password, `/` "
      "is written %2F, `?` %3F, `#` %23)" },
  { "url_with_digits_and_a_slash_in_the_password",
      INPUT ("'rtsp://admin:12/34@camera/'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': "
      "`@` behind the host is written %40; in a password `/` is written %2F" },
  { "url_with_a_wrong_percent_escape",
      INPUT ("'rtsp://admin:HUNTER%2@camera/'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': "
      "its user or password has a wrong percent escape (`%` is %25)" },
  { "url_with_a_password_alone",
      INPUT ("'rtsp://:HUNTER2@camera/'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': it "
      "has a password but no user" },
  { "url_with_an_open_bracket",
      INPUT ("'rtsp://[::1/stream'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': "
      "the `[` of its host is not closed" },
  { "url_with_a_space",
      INPUT ("'rtsp://camera/a b'"),
      "map.json:3:17: /routes/r/input: expected a URL 'rtsp://HOST/...': it "
      "has a space or control character" },
  { "user_in_the_url_and_beside_it",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://admin@camera/', 'user': 'x' }"),
      "map.json:3:42: /routes/r/input/url: the user stands in the URL and "
      "in 'user'" },
  { "password_in_the_url_and_beside_it",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://a:HUNTER2@camera/', 'password': "
        "'HUNTER2' }"),
      "map.json:3:42: /routes/r/input/url: the password stands in the URL "
      "and beside it" },
  { "password_without_a_user",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://camera/', 'password': 'HUNTER2' }"),
      "map.json:3:17: /routes/r/input: a password without a user" },
  { "password_and_password_file",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://camera/', 'user': 'a', "
        "'password': 'HUNTER2', 'password-file': '/dev/null' }"),
      "map.json:3:96: /routes/r/input/password-file: excludes 'password': "
      "one of both\n"
      "map.json:3:113: /routes/r/input/password-file: cannot read the file "
      "'/dev/null': Not a regular file" },
  { "viewers_have_a_password_but_no_user",
      OUTPUTS ("[{ 'type': 'rtsp', 'password': 'HUNTER2' }]"),
      "map.json:3:37: /routes/r/outputs/0: a password without a user" },
  { "viewers_have_a_user_but_no_password",
      OUTPUTS ("[{ 'type': 'rtsp', 'user': 'ann' }]"),
      "map.json:3:37: /routes/r/outputs/0: a user without a password" },
  { "viewers_have_password_and_password_file",
      OUTPUTS ("[{ 'type': 'rtsp', 'user': 'ann', 'password': 'HUNTER2', "
        "'password-file': '/dev/null' }]"),
      "map.json:3:93: /routes/r/outputs/0/password-file: excludes 'password': "
      "one of both\n"
      "map.json:3:110: /routes/r/outputs/0/password-file: cannot read the file "
      "'/dev/null': Not a regular file" },
  { "user_of_viewers_has_a_colon",
      OUTPUTS ("[{ 'type': 'rtsp', 'user': 'an:n', 'password': 'HUNTER2' }]"),
      "map.json:3:63: /routes/r/outputs/0/user: a user cannot have a ':' "
      "(RFC 7617, 2)" },
  { "credentials_are_not_for_dash",
      OUTPUTS ("[{ 'type': 'dash', 'user': 'ann', 'password': 'HUNTER2' }]"),
      "map.json:3:55: /routes/r/outputs/0/user: belongs to type 'rtsp' and "
      "'rtmp-push', not to type 'dash'\n"
      "map.json:3:70: /routes/r/outputs/0/password: belongs to type 'rtsp' "
      "and 'rtmp-push', not to type 'dash'" },
  { "password_is_an_array",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://camera/', 'user': 'a', "
        "'password': ['HUNTER2'] }"),
      "map.json:3:85: /routes/r/input/password: expected a string that is "
      "not empty, found an array" },
  { "transport_is_in_capitals",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://camera/', 'transport': 'TCP' }"),
      "map.json:3:73: /routes/r/input/transport: expected 'tcp' or 'udp', "
      "found 'TCP' (did you mean 'tcp'?)" },
  { "transport_of_an_rtmp_input",
      INPUT ("{ 'type': 'rtmp', 'url': 'rtmp://origin/live/one', 'transport': "
        "'tcp' }"),
      "map.json:3:68: /routes/r/input/transport: belongs to type 'rtsp', "
      "not to type 'rtmp'" },
  { "latency_is_a_string",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://camera/', 'latency-ms': '200' }"),
      "map.json:3:74: /routes/r/input/latency-ms: expected a whole number "
      "from 0 to 60000 ms, found '200' (without quotes)" },
  { "latency_is_huge",
      INPUT ("{ 'type': 'rtsp', 'url': 'rtsp://camera/', 'latency-ms': "
        "99999999999999999999999 }"),
      "map.json:3:74: /routes/r/input/latency-ms: expected a whole number "
      "from 0 to 60000 ms, found 99999999999999999999999" },
  { "file_without_a_path",
      INPUT ("{ 'type': 'file', 'loop': true }"),
      "map.json:3:17: /routes/r/input: missing 'path'" },
  { "file_with_an_empty_path",
      INPUT ("'file:'"),
      "map.json:3:17: /routes/r/input: expected a file name, found an empty "
      "string" },
  { "loop_is_a_number",
      INPUT ("{ 'type': 'file', 'path': '/', 'loop': 1 }"),
      "map.json:3:56: /routes/r/input/loop: expected true or false, found 1" },
  { "width_is_odd",
      INPUT ("{ 'type': 'test', 'width': 641 }"),
      "map.json:3:44: /routes/r/input/width: expected an even number from "
      "16 to 7680 pixels, found 641" },
  { "pattern_is_mistyped",
      INPUT ("{ 'type': 'test', 'pattern': 'smtpe' }"),
      "map.json:3:46: /routes/r/input/pattern: expected 'smpte', 'smpte75', "
      "'smpte100', 'smpte-rp-219', 'ball', 'bar', 'black', 'blink', 'blue', "
      "'checkers-1', 'checkers-2', 'checkers-4', 'checkers-8', "
      "'chroma-zone-plate', 'circular', 'colors', 'gamut', 'gradient', "
      "'green', 'pinwheel', 'red', 'snow', 'spokes', 'white' or "
      "'zone-plate', found 'smtpe' (did you mean 'smpte'?)" },
  { "neither_picture_nor_tone",
      INPUT ("{ 'type': 'test', 'video': false, 'audio': false }"),
      "map.json:3:17: /routes/r/input: neither 'video' nor 'audio': at "
      "least one must be true" },
  { "launch_is_not_allowed",
      INPUT ("{ 'type': 'launch', 'description': 'videotestsrc ! x264enc' }"),
      "map.json:3:17: /routes/r/input: input 'launch' needs 'allow-launch': "
      "true at the top level" },
  { "outputs_are_a_string",
      OUTPUTS ("'rtsp'"),
      "map.json:3:36: /routes/r/outputs: expected an array with at least "
      "one element, found a string" },
  { "outputs_are_empty",
      OUTPUTS ("[]"),
      "map.json:3:36: /routes/r/outputs: expected an array with at least "
      "one element, found an empty array" },
  { "output_word_is_mistyped",
      OUTPUTS ("['dahs']"),
      "map.json:3:37: /routes/r/outputs/0: expected 'rtsp', 'rtmp', 'rtmp://...', 'rtmps://...', 'dash' "
      "or an object, found 'dahs' (did you mean 'dash'?)" },
  { "output_type_is_mistyped",
      OUTPUTS ("[{ 'type': 'dahs' }]"),
      "map.json:3:47: /routes/r/outputs/0/type: expected 'rtsp', 'rtmp', "
      "'rtmp-push' or 'dash', found 'dahs' (did you mean 'dash'?)" },
  { "output_is_not_supported",
      OUTPUTS ("['hls']"),
      "map.json:3:37: /routes/r/outputs/0: HLS output is not supported by "
      "this version" },
  { "push_without_a_url",
      OUTPUTS ("[{ 'type': 'rtmp-push' }]"),
      "map.json:3:37: /routes/r/outputs/0: missing 'url'" },
  { "push_names_no_stream",
      OUTPUTS ("['rtmp://host/']"),
      "map.json:3:37: /routes/r/outputs/0: the URL names no stream: it ends "
      "in /APP/NAME, or a 'key' or 'key-file' has the name" },
  { "push_over_tls_names_no_stream",
      OUTPUTS ("['rtmps://host/']"),
      "map.json:3:37: /routes/r/outputs/0: the URL names no stream: it ends "
      "in /APP/NAME, or a 'key' or 'key-file' has the name" },
  { "rtmps_without_certificate",
      "{ 'listen': { 'rtmps': ':1936' }, 'rtmp': { 'detect-tls': true }, "
      "'routes': { 'r': { 'input': 'publish', 'outputs': ['rtmp'] } } }",
      "/listen/rtmps: needs a certificate in /tls/certificate-file\n"
      "/rtmp/detect-tls: needs a certificate in "
      "/tls/certificate-file" },
  { "push_key_with_a_space",
      OUTPUTS ("[{ 'type': 'rtmp-push', 'url': 'rtmp://h/a', 'key': 'K K' }]"),
      "map.json:3:88: /routes/r/outputs/0/key: a stream key has no spaces, "
      "control characters or '#'" },
  { "push_key_behind_a_query",
      OUTPUTS ("[{ 'type': 'rtmp-push', 'url': 'rtmp://h/a?b', 'key': 'K' }]"),
      "map.json:3:67: /routes/r/outputs/0/url: the query belongs to the end of "
      "the key" },
  { "push_password_in_the_url_and_beside_it",
      OUTPUTS ("[{ 'type': 'rtmp-push', 'url': 'rtmp://u:p@h/a/b', "
               "'password': 'p' }]"),
      "map.json:3:67: /routes/r/outputs/0/url: the password stands in the URL "
      "and beside it" },
  { "push_password_without_a_user",
      OUTPUTS ("[{ 'type': 'rtmp-push', 'url': 'rtmp://h/a/b', "
               "'password': 'p' }]"),
      "map.json:3:37: /routes/r/outputs/0: a password without a user" },
  { "push_stands_twice",
      OUTPUTS ("['rtmp://h/a/b', 'rtmp://h/a/c', 'rtmp://h/a/b']"),
      "map.json:3:69: /routes/r/outputs/2: a second output 'rtmp-push' to the "
      "same address" },
  { "output_type_is_not_supported",
      OUTPUTS ("['rtsp', { 'type': 'record' }]"),
      "map.json:3:55: /routes/r/outputs/1/type: recording is not supported "
      "by this version" },
  { "output_is_null",
      OUTPUTS ("[null]"),
      "map.json:3:37: /routes/r/outputs/0: expected a string or an object, "
      "found null" },
  { "output_stands_twice",
      OUTPUTS ("['rtsp', 'dash', { 'type': 'rtsp' }]"),
      "map.json:3:53: /routes/r/outputs/2: a second output 'rtsp'; each "
      "type can stand once" },
  { "latency_without_low_latency",
      OUTPUTS ("[{ 'type': 'dash', 'latency-ms': 1000 }]"),
      "map.json:3:55: /routes/r/outputs/0/latency-ms: needs "
      "\"low-latency\": true" },
  { "chunks_without_low_latency",
      OUTPUTS ("[{ 'type': 'dash', 'low-latency': false, 'chunk-ms': 100 }]"),
      "map.json:3:77: /routes/r/outputs/0/chunk-ms: needs "
      "\"low-latency\": true" },
  { "latency_is_shorter_than_two_chunks",
      OUTPUTS ("[{ 'type': 'dash', 'low-latency': true, 'chunk-ms': 500, "
               "'latency-ms': 900 }]"),
      "map.json:3:107: /routes/r/outputs/0/latency-ms: a latency of 900 ms is "
      "shorter than 2 chunks of 500 ms" },
  { "dash_key_of_an_rtsp_output",
      OUTPUTS ("[{ 'type': 'rtsp', 'window-s': 60 }]"),
      "map.json:3:55: /routes/r/outputs/0/window-s: belongs to type 'dash', "
      "not to type 'rtsp'" },
  { "dash_key_is_mistyped",
      OUTPUTS ("[{ 'type': 'dash', 'segments-ms': 2000 }]"),
      "map.json:3:55: /routes/r/outputs/0/segments-ms: unknown key (did you "
      "mean 'segment-ms'?)" },
  { "window_is_shorter_than_three_segments",
      OUTPUTS ("[{ 'type': 'dash', 'segment-ms': 10000, 'window-s': 20 }]"),
      "map.json:3:88: /routes/r/outputs/0/window-s: the window of 20 s is "
      "shorter than 3 media segments of 10000 ms" },
  { "dash_audio_is_unknown",
      OUTPUTS ("[{ 'type': 'dash', 'audio': 'opus' }]"),
      "map.json:3:64: /routes/r/outputs/0/audio: expected 'auto', 'copy', "
      "'aac' or 'none', found 'opus'" },
  { "publish_without_listener",
      "{ 'listen': { 'http': ':8080' }, 'routes': { 'r': { 'input': "
      "'publish', 'outputs': ['dash'] } } }",
      "map.json:1:62: /routes/r/input: input 'publish' needs /listen/rtmp, "
      "/listen/rtmps, /listen/rtsp or /listen/rtsps" },
  { "rtsp_without_listener",
      "{ 'listen': {}, 'routes': { 'r': { 'input': 'test', 'outputs': "
      "['rtsp'] } } }",
      "map.json:1:65: /routes/r/outputs/0: output 'rtsp' needs /listen/rtsp "
      "or /listen/rtsps" },
  { "rtmp_without_listener",
      "{ 'listen': {}, 'routes': { 'r': { 'input': 'test', 'outputs': "
      "['rtmp'] } } }",
      "map.json:1:65: /routes/r/outputs/0: output 'rtmp' needs /listen/rtmp or "
      "/listen/rtmps" },
  { "dash_without_listener",
      "{ 'routes': { 'r': { 'input': 'test', 'outputs': ['dash'] } } }",
      "map.json:1:51: /routes/r/outputs/0: output 'dash' needs "
      "/listen/http, /listen/https or a 'directory'" },
  { "template_without_publisher",
      "{ 'listen': { 'rtsp': ':8554' }, 'routes': { 'live/*': { 'input': "
      "'test', 'outputs': ['rtsp'] } } }",
      "map.json:1:67: /routes/live~1*/input: a template ('*' in the route`s "
      "name) needs the input 'publish'" },
  { "template_with_a_directory",
      "{ 'listen': { 'rtmp': ':1935' }, 'routes': { '*': { 'input': "
      "'publish', 'outputs': [{ 'type': 'dash', 'directory': '/tmp' }] } } }",
      "map.json:1:116: /routes/*/outputs/0/directory: the routes of a "
      "template cannot share a directory" },
  { "all_problems_at_once",
      "{\n"
      "  'lisen': {},\n"
      "  'routes': {\n"
      "    'lobby': {\n"
      "      'input': 'tset',\n"
      "      'outputs': ['dahs', 'rtsp'],\n"
      "      'cach': {}\n"
      "    },\n"
      "    'api': 1\n"
      "  }\n"
      "}",
      "map.json:2:3: /lisen: unknown key (did you mean 'listen'?)\n"
      "map.json:5:16: /routes/lobby/input: expected 'publish', "
      "'rtsp://...', 'rtmp://...', 'rtmps://...', 'file:...', 'test' or an object, found "
      "'tset' (did you mean 'test'?)\n"
      "map.json:6:19: /routes/lobby/outputs/0: expected 'rtsp', 'rtmp', "
      "'rtmp://...', 'rtmps://...', 'dash' or an object, found 'dahs' (did you mean 'dash'?)\n"
      "map.json:6:27: /routes/lobby/outputs/1: output 'rtsp' needs "
      "/listen/rtsp or /listen/rtsps\n"
      "map.json:7:7: /routes/lobby/cach: unknown key (did you mean "
      "'cache'?)\n"
      "map.json:9:5: /routes/api: the route`s name has the segment 'api', "
      "which is reserved\n"
      "map.json:9:12: /routes/api: expected an object, found a number" },
  { "syntax_error_comes_alone",
      "{ 'lisen': {},\n"
      "  'routes': {}, }",
      "map.json:2:17: no comma is allowed before `}`" },
};
/* clang-format on */

static gchar *
with_quotes (const gchar *text)
{
  gchar *out = g_strdelimit (g_strdup (text), "'", '"');

  return g_strdelimit (out, "`", '\'');
}

static gchar *
message_of (const gchar *map, const gchar *const *environment)
{
  g_autofree gchar *warnings = NULL;
  g_autoptr (GError) error = NULL;
  PenstockConfigData *data = penstock_config_parse (
      map, strlen (map), "map.json", environment, &warnings, &error);

  fail_unless (data == NULL, "accepted: %s", map);
  fail_unless (error->domain == PENSTOCK_ERROR);
  return g_strdup (error->message);
}

GST_START_TEST (wrong_map_says_what_is_wrong)
{
  static const gchar *const no_environment[] = { NULL };
  const WrongMap *row = &wrong_maps[__i__];
  g_autofree gchar *map = with_quotes (row->map);
  g_autofree gchar *expected = with_quotes (row->message);
  g_autofree gchar *message = message_of (map, no_environment);

  fail_unless (g_str_equal (message, expected), "%s:\n%s\nexpected\n%s",
      row->name, message, expected);
  fail_if (strstr (message, "HUNTER"), "%s shows the secret", row->name);
}
GST_END_TEST;

GST_START_TEST (syntax_and_meaning_have_their_own_codes)
{
  static const gchar *const no_environment[] = { NULL };
  g_autofree gchar *warnings = NULL;
  g_autoptr (GError) error = NULL;

  fail_if (penstock_config_parse (
      "{,}", 3, NULL, no_environment, &warnings, &error));
  assert_equals_int (error->code, PENSTOCK_ERROR_CONFIG_SYNTAX);
  assert_equals_string (
      error->message, "1:2: expected a key in double quotes, found ','");
  g_clear_error (&error);
  fail_if (
      penstock_config_parse ("{}", 2, NULL, no_environment, &warnings, &error));
  assert_equals_int (error->code, PENSTOCK_ERROR_CONFIG);
  assert_equals_string (error->message, "1:1: missing \"routes\"");
}
GST_END_TEST;

/* --- environment ---------------------------------------------------------- */

typedef struct {
  const gchar *name;
  const gchar *variable;
  const gchar *message;
} WrongVariable;

static const WrongVariable wrong_variables[] = {
  { "level", "PENSTOCK_LOG_LEVEL=loud",
      "environment variable PENSTOCK_LOG_LEVEL: expected 'error', 'warning', "
      "'info' or 'debug', found 'loud'" },
  { "address", "PENSTOCK_LISTEN_RTSP=8554",
      "environment variable PENSTOCK_LISTEN_RTSP: expected 'ADDRESS:PORT' "
      "with a numeric address, like '127.0.0.1:8080' or '[::]:8080', or "
      "'off', found '8554' (did you mean ':8554'?)" },
  { "boolean", "PENSTOCK_ALLOW_LAUNCH=yes",
      "environment variable PENSTOCK_ALLOW_LAUNCH: expected true or false, "
      "found 'yes'" },
  { "collision", "PENSTOCK_LISTEN_HTTP=127.0.0.1:1935",
      "environment variable PENSTOCK_LISTEN_HTTP: the port is taken by "
      "/listen/rtmp, which listens on [::]:1935" },
  { "off", "PENSTOCK_LISTEN_RTSP=off",
      "map.json:3:40: /routes/r/outputs/0: output 'rtsp' needs /listen/rtsp "
      "or /listen/rtsps" },
  { "not UTF-8", "PENSTOCK_LOG_LEVEL=\xff",
      "environment variable PENSTOCK_LOG_LEVEL: expected 'error', 'warning', "
      "'info' or 'debug', found '\xef\xbf\xbd'" },
};

GST_START_TEST (wrong_variable_is_named)
{
  const WrongVariable *row = &wrong_variables[__i__];
  const gchar *environment[] = { row->variable, NULL };
  g_autofree gchar *map = with_quotes (ROUTE (PUBLISH));
  g_autofree gchar *expected = with_quotes (row->message);
  g_autofree gchar *message = message_of (map, environment);

  fail_unless (g_str_equal (message, expected), "%s:\n%s\nexpected\n%s",
      row->name, message, expected);
}
GST_END_TEST;

/* --- bounds ---------------------------------------------------------------- */

GST_START_TEST (long_or_strange_keys_stay_on_one_short_line)
{
  static const gchar *const no_environment[] = { NULL };
  g_autofree gchar *key = g_strnfill (5000, 'k');
  g_autofree gchar *map =
      g_strdup_printf ("{\"%s\": 1, \"a\\nb\": 2, \"routes\": {}}", key);
  g_autofree gchar *message = message_of (map, no_environment);
  g_auto (GStrv) lines = g_strsplit (message, "\n", -1);

  assert_equals_int (g_strv_length (lines), 2);
  fail_unless (strlen (lines[0]) < 250);
  assert_equals_string (lines[1], "map.json:1:5009: /a\\u000ab: unknown key");
}
GST_END_TEST;

GST_START_TEST (problems_beyond_the_limit_are_counted)
{
  static const gchar *const no_environment[] = { NULL };
  g_autoptr (GString) map = g_string_new ("{\"routes\": {}");

  for (guint i = 0; i < PENSTOCK_CONFIG_MAX_PROBLEMS + 7; i++)
    g_string_append_printf (map, ", \"x%u\": 0", i);
  g_string_append_c (map, '}');
  g_autofree gchar *message = message_of (map->str, no_environment);
  fail_unless (g_str_has_suffix (message, "\n... and 7 more problems"));
}
GST_END_TEST;

static Suite *
config_errors_suite (void)
{
  Suite *suite = suite_create ("config-errors");
  TCase *tc = tcase_create ("errors");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (
      tc, wrong_map_says_what_is_wrong, 0, G_N_ELEMENTS (wrong_maps));
  tcase_add_test (tc, syntax_and_meaning_have_their_own_codes);
  tcase_add_loop_test (
      tc, wrong_variable_is_named, 0, G_N_ELEMENTS (wrong_variables));
  tcase_add_test (tc, long_or_strange_keys_stay_on_one_short_line);
  tcase_add_test (tc, problems_beyond_the_limit_are_counted);
  return suite;
}

GST_CHECK_MAIN (config_errors)
