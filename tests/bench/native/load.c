/* Asks and checks, for the bench: every word of every answer must come, once and in order.
 *
 *   load PORT KEY PACE WORDS STREAM CONNECTIONS REQUESTS GAP_US
 *
 * STREAM 0: whole answers, 1: streamed ones. CONNECTIONS at once until REQUESTS are answered; GAP_US > 0: one begins
 * every GAP_US microseconds instead, whatever became of those before (a late one counts from when it was due). Prints
 * one line of JSON; times in microseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM 65536
#define SILENCE_US 30000000

typedef struct {
    int fd, busy, headed, chunked, left_in_chunk, expected, have, line_have, next, done;
    int64_t asked_us, first_us;
    char in[ROOM], line[ROOM];
} Line;

static int port, words, stream, poller;
static char request[4096], wanted[32768];
static int request_size;
static long answered, asked, wrong_status, missing, reordered, broken, events;
static double *waits, *firsts;
static long n_waits, n_firsts;
static char sample[300];

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void dial(Line *l) {
    int yes = 1;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(l->fd, (struct sockaddr *)&there, sizeof there) < 0) { perror("load: connect"); exit(1); }
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &e);
}

static void ask(Line *l, int64_t since_us) {
    if (l->fd < 0) dial(l);
    l->busy = 1;
    l->headed = l->chunked = l->have = l->line_have = l->next = l->done = l->left_in_chunk = 0;
    l->expected = -1;
    l->first_us = 0;
    l->asked_us = since_us;
    asked++;
    for (int sent = 0; sent < request_size;) {
        int n = send(l->fd, request + sent, request_size - sent, MSG_NOSIGNAL);
        if (n < 0) { perror("load: send"); exit(1); }
        sent += n;
    }
}

static void finish(Line *l, int whole) {
    int64_t now = now_us();
    l->busy = 0;
    answered++;
    if (!whole) broken++;
    missing += words - l->next;
    if (n_waits < 4000000) waits[n_waits++] = now - l->asked_us;
}

/* One line of an event stream. */
static void read_line(Line *l, char *line) {
    if (strncmp(line, "data: ", 6) != 0) return;
    if (strncmp(line + 6, "[DONE]", 6) == 0) { l->done = 1; return; }
    char *at = strstr(line, "\"content\":");
    if (at == NULL) return;
    at += 10;
    while (*at == ' ') at++;
    if (*at++ != '"') return;
    while (*at >= '0' && *at <= '9') { /* usually one word an event; whoever puts several together keeps the order */
        int number = strtol(at, &at, 10);
        if (*at != ' ') break;
        at++;
        if (l->first_us == 0) { l->first_us = now_us(); firsts[n_firsts++] = l->first_us - l->asked_us; }
        events++;
        if (number == l->next) l->next++;
        else reordered++;
    }
}

static void hear_body(Line *l, char *text, int size) {
    if (l->line_have + size >= ROOM) { fprintf(stderr, "load: an answer too long\n"); exit(1); }
    memcpy(l->line + l->line_have, text, size);
    l->line_have += size;
    l->line[l->line_have] = 0;
    if (!stream) return;
    char *from = l->line, *end;
    while ((end = memchr(from, '\n', l->line + l->line_have - from)) != NULL) {
        *end = 0;
        read_line(l, from);
        from = end + 1;
    }
    l->line_have -= from - l->line;
    memmove(l->line, from, l->line_have);
}

static void end_of_body(Line *l) {
    if (!stream) {
        l->next = strstr(l->line, wanted) != NULL ? words : 0;
        events += l->next;
        l->done = l->next == words;
        if (!l->done && !*sample) snprintf(sample, sizeof sample, "%.299s", l->line);
    }
    finish(l, l->done);
}

/* Takes what is there of the body; the number of bytes used, or -1 at its end. */
static int take(Line *l, char *text, int size) {
    if (!l->chunked) {
        int n = size < l->expected ? size : l->expected;
        hear_body(l, text, n);
        l->expected -= n;
        return l->expected == 0 ? -1 : n;
    }
    if (l->left_in_chunk > 2) {
        int n = size < l->left_in_chunk - 2 ? size : l->left_in_chunk - 2;
        hear_body(l, text, n);
        l->left_in_chunk -= n;
        return n;
    }
    if (l->left_in_chunk > 0) {
        int n = size < l->left_in_chunk ? size : l->left_in_chunk;
        l->left_in_chunk -= n;
        return n;
    }
    char *end = memmem(text, size, "\r\n", 2);
    if (end == NULL) return 0;
    int chunk = strtol(text, NULL, 16);
    if (chunk == 0) return size >= end - text + 4 ? -1 : 0;
    l->left_in_chunk = chunk + 2;
    return end + 2 - text;
}

static void hear(Line *l) {
    int got = recv(l->fd, l->in + l->have, ROOM - 1 - l->have, 0);
    if (got <= 0) {
        if (l->busy) finish(l, 0);
        close(l->fd);
        l->fd = -1;
        return;
    }
    if (!l->busy) return;
    l->have += got;
    l->in[l->have] = 0;
    char *text = l->in;
    if (!l->headed) {
        char *end = strstr(l->in, "\r\n\r\n");
        if (end == NULL) return;
        *end = 0;
        l->headed = 1;
        if (strncmp(l->in + 9, "200", 3) != 0) wrong_status++;
        char *told = strcasestr(l->in, "content-length:");
        l->chunked = strcasestr(l->in, "transfer-encoding: chunked") != NULL;
        l->expected = told ? atoi(told + 15) : -1;
        if (!l->chunked && l->expected < 0) { fprintf(stderr, "load: no length\n"); exit(1); }
        text = end + 4;
    }
    for (;;) {
        int used = take(l, text, l->in + l->have - text);
        if (used < 0) { end_of_body(l); return; }
        if (used == 0) break;
        text += used;
    }
    l->have -= text - l->in;
    memmove(l->in, text, l->have);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double at_percent(double *values, long n, double percent) {
    if (n == 0) return -1;
    long i = (long)(n * percent / 100);
    return values[i < n ? i : n - 1];
}

int main(int count, char **given) {
    if (count != 9) return 2;
    port = atoi(given[1]), words = atoi(given[4]), stream = atoi(given[5]);
    int connections = atoi(given[6]), gap_us = atoi(given[8]);
    long requests = atol(given[7]);
    char body[2048];
    int n = 0;
    for (int i = 0; i < words && n < (int)sizeof wanted - 8; i++) n += sprintf(wanted + n, "%d ", i);
    int size = snprintf(body, sizeof body, "{\"model\":\"pace-%s\",\"stream\":%s,\"max_tokens\":%d,\"temperature\":0,\"messages\":"
        "[{\"role\":\"user\",\"content\":\"Explain to a newcomer how the members of a cooperative share the machines that "
        "they own together, in a few plain words, and say what happens when one of them is away.\"}]}",
        given[3], stream ? "true" : "false", words);
    request_size = snprintf(request, sizeof request, "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s"
        "\r\nContent-Type: application/json\r\nAccept: */*\r\nUser-Agent: bench\r\nContent-Length: %d\r\n\r\n%s", given[2], size, body);
    waits = malloc(4000000 * sizeof *waits), firsts = malloc((requests + 1) * sizeof *firsts);
    poller = epoll_create1(0);
    Line *lines = calloc(connections, sizeof(Line));
    struct epoll_event ready[256];
    for (int i = 0; i < connections; i++) { lines[i].fd = -1; dial(&lines[i]); }
    int64_t began = now_us(), heard_us = began;
    if (gap_us == 0) for (int i = 0; i < connections && asked < requests; i++) ask(&lines[i], now_us());
    while (answered < requests) {
        int patience_ms = 1000;
        if (gap_us > 0) {
            for (int i = 0; i < connections && asked < requests && began + asked * gap_us <= now_us(); i++)
                if (!lines[i].busy) ask(&lines[i], began + asked * gap_us);
            int64_t next_us = began + asked * gap_us - now_us();
            if (asked < requests) patience_ms = next_us <= 0 ? 0 : (int)(next_us / 1000);
        }
        int found = epoll_wait(poller, ready, 256, patience_ms);
        if (found > 0) heard_us = now_us();
        for (int i = 0; i < found; i++) {
            Line *l = ready[i].data.ptr;
            if (l->fd < 0) continue;
            hear(l);
            if (gap_us == 0 && !l->busy && asked < requests) ask(l, now_us());
        }
        if (now_us() - heard_us > SILENCE_US) { /* what has not come by now does not come */
            for (int i = 0; i < connections; i++) if (lines[i].busy) finish(&lines[i], 0);
            break;
        }
    }
    double seconds = (now_us() - began) / 1e6;
    qsort(waits, n_waits, sizeof *waits, by_size);
    qsort(firsts, n_firsts, sizeof *firsts, by_size);
    if (*sample) fprintf(stderr, "load: %s\n", sample);
    printf("{\"requests\":%ld,\"seconds\":%.6f,\"wrong_status\":%ld,\"broken\":%ld,\"words\":%ld,\"missing\":%ld,\"reordered\":%ld,"
           "\"wait_p50_us\":%.1f,\"wait_p99_us\":%.1f,\"first_p50_us\":%.1f,\"first_p99_us\":%.1f}\n",
           answered, seconds, wrong_status, broken, events, missing, reordered, at_percent(waits, n_waits, 50),
           at_percent(waits, n_waits, 99), at_percent(firsts, n_firsts, 50), at_percent(firsts, n_firsts, 99));
    return 0;
}
