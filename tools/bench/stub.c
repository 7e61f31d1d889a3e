/* The endpoint that `make bench` runs against: OpenAI's /chat/completions and /embeddings, every answer late by the
 * same delay. One thread, epoll; it must be far faster than what it measures.
 *
 * usage: stub DELAY_MS [FAIL_EVERY]
 *
 * A chat that is told of <search> gets three calls of it, each for words of its own, and then an answer.
 *
 * Listens on a free port of 127.0.0.1 and prints it. FAIL_EVERY k: every k-th request is answered with 429 and
 * `Retry-After: 1`. GET /stats: counts, and the moments (CLOCK_MONOTONIC, seconds) of the first and last request. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 65536, DIMENSIONS = 384 };

typedef struct {
  char *data;
  size_t length, capacity;
} Buffer;

/* What has come on a connection and is not yet answered, and what is not yet sent. */
typedef struct {
  Buffer in, out;
  uint32_t generation;
} Connection;

typedef struct {
  double due;
  int fd;
  uint32_t generation;
  int failing;
  Buffer answer;
} Pending;

static Connection connections[MAX_FD];
/* All answers are late by the same delay, so the one that came first is due first. */
static Pending queue[MAX_FD];
static unsigned head, tail;
static double delay, first_request, last_request;
static long fail_every, requests, failed, opened, most;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void append(Buffer *b, const char *bytes, size_t count) {
  if (b->length + count > b->capacity) {
    b->capacity = 2 * (b->length + count);
    b->data = realloc(b->data, b->capacity);
    if (!b->data) abort();
  }
  memcpy(b->data + b->length, bytes, count);
  b->length += count;
}

static void text(Buffer *b, const char *s) { append(b, s, strlen(s)); }

static uint64_t hash(const char *bytes, size_t count) {
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < count; i++) h = (h ^ (unsigned char)bytes[i]) * 1099511628211u;
  return h;
}

static void respond(Buffer *b, const char *status, const char *extra, const Buffer *body) {
  char line[256];
  snprintf(line, sizeof line, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
           status, extra, body->length);
  text(b, line);
  append(b, body->data ? body->data : "", body->length);
}

static void flush(int fd) {
  Buffer *out = &connections[fd].out;
  size_t sent = 0;
  while (sent < out->length) {
    ssize_t n = send(fd, out->data + sent, out->length - sent, MSG_NOSIGNAL);
    if (n < 0) break; /* full: EPOLLOUT (edge) calls again; broken: EPOLLIN tells */
    sent += n;
  }
  memmove(out->data, out->data + sent, out->length - sent);
  out->length -= sent;
}

static int occurrences(const char *bytes, size_t count, const char *word) {
  int found = 0;
  for (const char *at = bytes; (at = memmem(at, bytes + count - at, word, strlen(word))); at++) found++;
  return found;
}

/* What is said to a request with so many results of a search in it. */
static void play(char *line, size_t size, uint64_t h, const char *request, size_t count) {
  static const char *const words[] = {"ba", "bobi", "caba", "dedu", "fife", "gobe", "haca", "jubi"};
  if (occurrences(request, count, "<result>\\n") < 3)
    snprintf(line, size, "<search>%s %s %lx</search>", words[h % 8], words[h / 8 % 8], h % 65536);
  else
    snprintf(line, size, "<answer>%016lx</answer>", h);
}

static void chat(Buffer *body, const char *request, size_t count) {
  char line[512], said[100];
  uint64_t h = hash(request, count);
  if (memmem(request, count, "<search>", 8)) play(said, sizeof said, h, request, count);
  else snprintf(said, sizeof said, "Step 1: read. Step 2: reason. Answer: %016lx", h);
  snprintf(line, sizeof line,
           "{\"id\":\"chatcmpl-%016lx\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"stub\","
           "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
           "\"%s\"},\"finish_reason\":\"stop\",\"logprobs\":null}],"
           "\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":13,\"total_tokens\":%zu}}",
           h, said, count / 4, count / 4 + 13);
  text(body, line);
}

/* One pseudo-random vector for each string in the request's "input", which must be a list. */
static void embeddings(Buffer *body, const char *request, size_t count) {
  char line[128];
  const char *end = request + count;
  const char *at = memmem(request, count, "\"input\":[", 9);
  text(body, "{\"object\":\"list\",\"model\":\"stub\",\"data\":[");
  for (int index = 0; at && at < end; index++) {
    while (at < end && *at != '"' && *at != ']') at++;
    if (index == 0) at = at < end ? memchr(at, '[', end - at) : NULL;
    while (at && at < end && *at != '"' && *at != ']') at++;
    if (!at || at >= end || *at == ']') break;
    const char *start = ++at;
    while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
    uint64_t state = hash(start, at - start) | 1;
    at++;
    snprintf(line, sizeof line, "%s{\"object\":\"embedding\",\"index\":%d,\"embedding\":[", index ? "," : "", index);
    text(body, line);
    for (int i = 0; i < DIMENSIONS; i++) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      int value = state % 20000 - 10000, digits = abs(value);
      char number[] = {i ? ',' : ' ', value < 0 ? '-' : ' ', '0', '.', '0' + digits / 1000 % 10,
                       '0' + digits / 100 % 10, '0' + digits / 10 % 10, '0' + digits % 10};
      append(body, number, sizeof number);
    }
    text(body, "]}");
  }
  snprintf(line, sizeof line, "],\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu}}", count / 4, count / 4);
  text(body, line);
}

static void stats(int fd) {
  char line[512];
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  double cpu = use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
  snprintf(line, sizeof line,
           "{\"requests\":%ld,\"failed\":%ld,\"connections\":%ld,\"most_in_flight\":%ld,\"first\":%.6f,"
           "\"last\":%.6f,\"cpu\":%.3f}",
           requests, failed, opened, most, first_request, last_request, cpu);
  Buffer body = {0};
  text(&body, line);
  respond(&connections[fd].out, "200 OK", "", &body);
  free(body.data);
  flush(fd);
}

static void handle(int fd, const char *path, const char *body, size_t count) {
  if (strncmp(path, "/stats", 6) == 0) return stats(fd);
  last_request = now();
  if (requests++ == 0) first_request = last_request;
  Pending *p = &queue[tail++ % MAX_FD];
  if (tail - head > MAX_FD) abort();
  if (tail - head > most) most = tail - head;
  *p = (Pending){.due = last_request + delay, .fd = fd, .generation = connections[fd].generation};
  Buffer answer = {0};
  if (fail_every && requests % fail_every == 0) {
    failed++;
    text(&answer, "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit\"}}");
    respond(&p->answer, "429 Too Many Requests", "Retry-After: 1\r\n", &answer);
  } else {
    if (strstr(path, "/embeddings")) embeddings(&answer, body, count);
    else chat(&answer, body, count);
    respond(&p->answer, "200 OK", "", &answer);
  }
  free(answer.data);
}

/* Handles every whole request in the buffer. Bodies come with Content-Length, as curl sends them. */
static void parse(int fd) {
  Buffer *in = &connections[fd].in;
  size_t done = 0;
  while (in->length > done) {
    char *start = in->data + done;
    char *blank = memmem(start, in->length - done, "\r\n\r\n", 4);
    if (!blank) break;
    *blank = 0;
    char *field = strcasestr(start, "\r\ncontent-length:");
    size_t count = field ? strtoul(field + 17, NULL, 10) : 0;
    size_t whole = blank + 4 - start + count;
    if (in->length - done < whole) {
      *blank = '\r';
      break;
    }
    char *path = strchr(start, ' ');
    char *line = path ? strpbrk(path + 1, " \r") : NULL;
    if (!path || !line) break;
    *line = 0;
    handle(fd, path + 1, blank + 4, count);
    done += whole;
  }
  memmove(in->data, in->data + done, in->length - done);
  in->length -= done;
}

static void end(int fd) {
  Connection *c = &connections[fd];
  free(c->in.data);
  free(c->out.data);
  *c = (Connection){.generation = c->generation + 1};
  close(fd);
}

static void receive(int fd) {
  char chunk[65536];
  for (;;) {
    ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n > 0) append(&connections[fd].in, chunk, n);
    else if (n < 0 && errno == EINTR) continue;
    else if (n < 0 && errno == EAGAIN) break;
    else return end(fd);
  }
  parse(fd);
}

static void answer_due(void) {
  for (double t = now(); head != tail && queue[head % MAX_FD].due <= t; head++) {
    Pending *p = &queue[head % MAX_FD];
    if (connections[p->fd].generation == p->generation) {
      append(&connections[p->fd].out, p->answer.data, p->answer.length);
      flush(p->fd);
    }
    free(p->answer.data);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: stub DELAY_MS [FAIL_EVERY]\n"), 2;
  delay = atof(argv[1]) / 1000;
  fail_every = argc > 2 ? atol(argv[2]) : 0;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max < MAX_FD ? files.rlim_max : MAX_FD;
  setrlimit(RLIMIT_NOFILE, &files);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) return perror("stub"), 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct timespec wait = {.tv_sec = 3600};
    if (head != tail) {
      double left = queue[head % MAX_FD].due - now();
      if (left < 0) left = 0;
      wait = (struct timespec){.tv_sec = (time_t)left, .tv_nsec = (long)((left - (time_t)left) * 1e9)};
    }
    int count = epoll_pwait2(epoll, events, 512, &wait, NULL);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        if (events[i].events & EPOLLOUT) flush(fd);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(fd);
        continue;
      }
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FD) {
          close(fd);
          continue;
        }
        opened++;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event = (struct epoll_event){.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      }
    }
    answer_due();
  }
}
