/* The least that the job of `make bench` can cost: libcurl's multi interface and one SQLite commit for each reply.
 * It reads no pipeline, digests nothing, and cannot be resumed.
 *
 * usage: floor ENDPOINT ROWS IN_FLIGHT STORE
 *
 * Each row makes three calls, each with the answer before it. A 429 waits as long as Retry-After says, outside the
 * calls in flight. */
#include <curl/curl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct {
  char text[256];
  int number, stage;
  double due;
} Job;

typedef struct {
  CURL *handle;
  Job job;
  char body[512], reply[8192];
  size_t sent, length;
} Slot;

static sqlite3_stmt *insert;
static CURLM *multi;
static int rows, next_row, finished;
/* Calls that wait for Retry-After; all wait equally long, so the first is due first. */
static Job *late;
static size_t late_head, late_tail;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static size_t read_body(char *to, size_t size, size_t count, void *slot) {
  Slot *s = slot;
  size_t left = strlen(s->body) - s->sent, part = left < size * count ? left : size * count;
  memcpy(to, s->body + s->sent, part);
  s->sent += part;
  return part;
}

static size_t write_reply(char *bytes, size_t size, size_t count, void *slot) {
  Slot *s = slot;
  if (s->length + size * count >= sizeof s->reply) return 0;
  memcpy(s->reply + s->length, bytes, size * count);
  s->length += size * count;
  return size * count;
}

static void start(Slot *s) {
  snprintf(s->body, sizeof s->body,
           "{\"model\":\"stub\",\"messages\":[{\"role\":\"user\",\"content\":\"stage%d %s\"}]}", s->job.stage,
           s->job.text);
  s->sent = s->length = 0;
  curl_easy_setopt(s->handle, CURLOPT_POSTFIELDSIZE, (long)strlen(s->body));
  curl_multi_add_handle(multi, s->handle);
}

/* Gives a free slot its next call: one whose wait is over, else a new row. */
static int fill(Slot *s) {
  if (late_head != late_tail && late[late_head].due <= now()) {
    s->job = late[late_head++];
  } else if (next_row < rows) {
    s->job = (Job){.number = next_row++};
    snprintf(s->job.text, sizeof s->job.text, "Q%d: what is %d+%d?", s->job.number, s->job.number, s->job.number);
  } else {
    return 0;
  }
  start(s);
  return 1;
}

static void commit(Slot *s) {
  sqlite3_bind_text(insert, 1, s->body, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 2, s->reply, s->length, SQLITE_STATIC);
  if (sqlite3_step(insert) != SQLITE_DONE) exit(1);
  sqlite3_reset(insert);
}

/* Whether the slot is busy with another call. */
static int end(Slot *s) {
  long status = 0;
  curl_off_t wait = 0;
  curl_easy_getinfo(s->handle, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi, s->handle);
  if (status == 429) {
    curl_easy_getinfo(s->handle, CURLINFO_RETRY_AFTER, &wait);
    s->job.due = now() + wait;
    late[late_tail++] = s->job;
    return fill(s);
  }
  if (status != 200) exit(1);
  s->reply[s->length] = 0;
  commit(s);
  char *content = strstr(s->reply, "\"content\":\""), *stop = content ? strchr(content + 11, '"') : NULL;
  if (!stop) exit(1);
  snprintf(s->job.text, sizeof s->job.text, "%.*s", (int)(stop - content - 11), content + 11);
  if (++s->job.stage < 3) return start(s), 1;
  finished++;
  return fill(s);
}

int main(int argc, char **argv) {
  if (argc < 5) return fprintf(stderr, "usage: floor ENDPOINT ROWS IN_FLIGHT STORE\n"), 2;
  rows = atoi(argv[2]);
  int width = atoi(argv[3]), busy = 0, running;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  sqlite3 *db;
  if (sqlite3_open(argv[4], &db) ||
      sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE reply (request TEXT PRIMARY "
                       "KEY, body TEXT)", NULL, NULL, NULL) ||
      sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO reply VALUES (?, ?)", -1, &insert, NULL))
    return fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db)), 1;

  curl_global_init(CURL_GLOBAL_ALL);
  multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)width);
  struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, "Expect:"), "Content-Type: application/json");
  Slot *slots = calloc(width, sizeof *slots), **idle = calloc(width, sizeof *idle);
  late = calloc((size_t)rows * 30, sizeof *late);
  int free_slots = 0;
  char url[512];
  snprintf(url, sizeof url, "%s/chat/completions", argv[1]);
  for (int i = 0; i < width; i++) {
    Slot *s = &slots[i];
    s->handle = curl_easy_init();
    curl_easy_setopt(s->handle, CURLOPT_URL, url);
    curl_easy_setopt(s->handle, CURLOPT_POST, 1L);
    curl_easy_setopt(s->handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(s->handle, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(s->handle, CURLOPT_READDATA, s);
    curl_easy_setopt(s->handle, CURLOPT_WRITEFUNCTION, write_reply);
    curl_easy_setopt(s->handle, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->handle, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->handle, CURLOPT_NOSIGNAL, 1L);
    idle[free_slots++] = s;
  }
  while (finished < rows) {
    while (free_slots && fill(idle[free_slots - 1])) free_slots--, busy++;
    curl_multi_perform(multi, &running);
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
      Slot *s;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &s);
      if (message->data.result != CURLE_OK) return fprintf(stderr, "floor: %s\n", curl_easy_strerror(message->data.result)), 1;
      if (!end(s)) idle[free_slots++] = s, busy--;
    }
    int wait = 1000;
    if (free_slots && late_head != late_tail) {
      double seconds = late[late_head].due - now();
      wait = seconds > 0 ? (int)(seconds * 1000) + 1 : 0;
    }
    if (finished < rows) curl_multi_poll(multi, NULL, 0, wait, NULL);
  }
  sqlite3_finalize(insert);
  return sqlite3_close(db) != SQLITE_OK;
}
