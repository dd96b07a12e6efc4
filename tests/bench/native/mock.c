/* A stand-in for a model server, for the bench: as little work as can be, so that what is measured is the gateway.
 *
 *   mock PORT
 *
 * POST /v1/chat/completions: "max_tokens":N words "0 ", "1 ", ... N-1, whole or streamed as OpenAI does. The model's
 * name is the pace: "pace-10" writes a word every 10 ms, "pace-0" all of them at once. GET /count tells how many words
 * were written and how many answers were left by their reader, as JSON; GET /v1/models what is here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 4096
#define ROOM 65536
#define WORDS_MOST 4096

typedef struct {
    char in[ROOM];
    int have, streaming, words, next, pace_us;
    int64_t due_us;
} Line;

static Line *lines[MOST];
static int poller;
static long written, left, answers;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void hang_up(int fd) {
    if (lines[fd] == NULL) return;
    if (lines[fd]->streaming) left++;
    free(lines[fd]);
    lines[fd] = NULL;
    close(fd);
}

static int say(int fd, const char *text, int size) {
    while (size > 0) {
        int sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) { usleep(200); continue; }
        if (sent < 0) { hang_up(fd); return 0; }
        text += sent, size -= sent;
    }
    return 1;
}

#define HEAD "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"%s\"," \
    "\"system_fingerprint\":\"bench\","

static int chunk(char *to, const char *json, int size) {
    int n = sprintf(to, "%x\r\ndata: ", size + 8);
    memcpy(to + n, json, size);
    memcpy(to + n + size, "\n\n\r\n", 4);
    return n + size + 4;
}

static int model_of(Line *l, char *model) { return sprintf(model, "pace-%d", l->pace_us / 1000); }

static int word_chunk(Line *l, char *to) {
    char json[512], model[32];
    model_of(l, model);
    int size = sprintf(json, HEAD "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%d \"},\"logprobs\":null,"
                       "\"finish_reason\":null}]}", model, l->next++);
    written++;
    return chunk(to, json, size);
}

static int end_chunks(Line *l, char *to) {
    char json[512], model[32];
    model_of(l, model);
    int n = chunk(to, json, sprintf(json, HEAD "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                                    "\"finish_reason\":\"stop\"}]}", model));
    n += chunk(to + n, json, sprintf(json, HEAD "\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":%d,"
                                     "\"total_tokens\":%d}}", model, l->words, l->words + 20));
    n += chunk(to + n, "[DONE]", 6);
    n += sprintf(to + n, "0\r\n\r\n");
    l->streaming = 0;
    return n;
}

static void whole(int fd, Line *l) {
    static char words[WORDS_MOST * 6], body[WORDS_MOST * 6 + 1024], out[WORDS_MOST * 6 + 2048];
    char model[32];
    int n = 0;
    model_of(l, model);
    for (int i = 0; i < l->words; i++) n += sprintf(words + n, "%d ", i);
    written += l->words;
    n = sprintf(body, "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1767225600,\"model\":\"%s\","
                "\"system_fingerprint\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                "\"%s\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":20,"
                "\"completion_tokens\":%d,\"total_tokens\":%d}}", model, words, l->words, l->words + 20);
    n = sprintf(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n, body);
    say(fd, out, n);
}

static void json(int fd, const char *status, const char *body) {
    char out[1024];
    say(fd, out, sprintf(out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
                         strlen(body), body));
}

static int number_after(const char *text, const char *mark, int otherwise) {
    const char *at = strstr(text, mark);
    if (at == NULL) return otherwise;
    at += strlen(mark);
    while (*at == ' ' || *at == '"') at++;
    return atoi(at);
}

static void answer(int fd, Line *l, char *head, char *body) {
    char out[ROOM];
    if (strncmp(head, "GET /v1/models", 14) == 0) {
        json(fd, "200 OK", "{\"object\":\"list\",\"data\":[{\"id\":\"pace-0\",\"object\":\"model\",\"owned_by\":\"bench\"},"
             "{\"id\":\"pace-10\",\"object\":\"model\",\"owned_by\":\"bench\"}]}");
        return;
    }
    if (strncmp(head, "GET /count", 10) == 0) {
        snprintf(out, 512, "{\"words\":%ld,\"left\":%ld,\"answers\":%ld}", written, left, answers);
        json(fd, "200 OK", out);
        return;
    }
    if (strncmp(head, "POST /v1/chat/completions", 25) != 0) {
        json(fd, "404 Not Found", "{}");
        return;
    }
    answers++;
    l->words = number_after(body, "\"max_tokens\":", 16);
    if (l->words > WORDS_MOST) l->words = WORDS_MOST;
    l->pace_us = 1000 * number_after(body, "pace-", 0);
    l->next = 0;
    if (strstr(body, "\"stream\":true") == NULL && strstr(body, "\"stream\": true") == NULL) {
        whole(fd, l);
        return;
    }
    l->streaming = 1;
    int n = sprintf(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    if (l->pace_us == 0) {
        while (l->next < l->words) {
            n += word_chunk(l, out + n);
            if (n > ROOM - 2048) { if (!say(fd, out, n)) return; n = 0; }
        }
        n += end_chunks(l, out + n);
    }
    if (say(fd, out, n)) l->due_us = now_us() + l->pace_us;
}

static void hear(int fd) {
    Line *l = lines[fd];
    int got = recv(fd, l->in + l->have, ROOM - 1 - l->have, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { hang_up(fd); return; }
    l->have += got;
    l->in[l->have] = 0;
    char *end;
    while (lines[fd] == l && !l->streaming && (end = strstr(l->in, "\r\n\r\n")) != NULL) {
        char *told = strcasestr(l->in, "content-length:");
        int size = told != NULL && told < end ? atoi(told + 15) : 0, whole_size = end + 4 - l->in + size;
        if (l->have < whole_size) return;
        char after = l->in[whole_size];
        l->in[whole_size] = 0;
        answer(fd, l, l->in, end + 4);
        if (lines[fd] != l) return;
        l->in[whole_size] = after;
        l->have -= whole_size;
        memmove(l->in, l->in + whole_size, l->have + 1);
    }
}

static void meet(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        lines[fd] = calloc(1, sizeof(Line));
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    }
}

/* Each word goes out by itself when it is due; a late one does not delay those that follow. Until the next one, in ms. */
static int tick(void) {
    char out[4096];
    int64_t now = now_us(), next = now + 1000000;
    for (int fd = 0; fd < MOST; fd++) {
        Line *l = lines[fd];
        if (l == NULL || !l->streaming) continue;
        if (l->due_us <= now) {
            int n = word_chunk(l, out);
            if (l->next >= l->words) n += end_chunks(l, out + n);
            if (!say(fd, out, n)) continue;
            l->due_us += l->pace_us;
        }
        if (l->streaming && l->due_us < next) next = l->due_us;
    }
    now = now_us();
    return next <= now ? 0 : (int)((next - now) / 1000 + 1);
}

int main(int count, char **words) {
    if (count != 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 1024) < 0) { perror("mock"); return 1; }
    poller = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, ready[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(poller, ready, 256, tick());
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener) meet(listener);
            else if (lines[ready[i].data.fd] != NULL) hear(ready[i].data.fd);
        }
    }
}
