/* Milliseconds that one thread takes to read COUNT vectors of 384 floats once: the least of ten passes.
 *
 * usage: bandwidth COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float Lanes __attribute__((vector_size(64)));

int main(int argc, char **argv) {
  size_t lanes = (argc > 1 ? atol(argv[1]) : 100000) * 384 / 16;
  Lanes *data = aligned_alloc(64, lanes * sizeof *data);
  if (!data) return 1;
  for (size_t i = 0; i < lanes; i++) data[i] = (Lanes){0} + (float)i;
  double least = 1e9;
  volatile float sink;
  for (int pass = 0; pass < 10; pass++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    Lanes a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t i = 0; i + 4 <= lanes; i += 4) a += data[i], b += data[i + 1], c += data[i + 2], d += data[i + 3];
    a += b + c + d;
    sink = a[0] + a[5];
    clock_gettime(CLOCK_MONOTONIC, &to);
    double took = (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6;
    if (took < least) least = took;
  }
  (void)sink;
  printf("%.3f\n", least);
  return 0;
}
