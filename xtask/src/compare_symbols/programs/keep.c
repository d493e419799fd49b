/* Inlined functions and a callback, for `cargo xtask compare-symbols`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cell { struct cell *next; long value; };

static inline __attribute__((always_inline)) void *grow(size_t size) {
    void *block = malloc(size);
    if (!block) abort();
    return block;
}

static inline struct cell *push(struct cell *rest, long value) {
    struct cell *cell = grow(sizeof *cell);
    cell->next = rest;
    cell->value = value * 7 + 1;
    return cell;
}

__attribute__((noinline)) static long sum(const struct cell *cell) {
    long total = 0;
    for (; cell; cell = cell->next) total += cell->value;
    return total;
}

__attribute__((noinline)) static int by_value(const void *one, const void *other) {
    const long *left = one, *right = other;
    return (*left > *right) - (*left < *right);
}

__attribute__((noinline)) char *repeat(const char *word, int times) {
    char *text = grow(strlen(word) * (size_t)times + 1);
    text[0] = 0;
    for (int round = 0; round < times; round++) strcat(text, word);
    return text;
}

int main(int count, char **words) {
    struct cell *list = 0;
    long values[16];
    for (int round = 0; round < 16; round++) {
        list = push(list, round * count);
        values[round] = (round * 37) % 11;
    }
    qsort(values, 16, sizeof values[0], by_value);
    char *text = repeat(words[0], count + 1);
    printf("%ld %ld %zu\n", sum(list), values[3], strlen(text));
    return 0;
}
