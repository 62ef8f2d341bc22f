/* What a Cortex-M4 does before main, for QEMU's board mps2-an386; printing goes to the host (semihosting). */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t stack_top, bss_begin, bss_end;

int main(void);
void initialise_monitor_handles(void);

void reset(void)
{
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* the floating-point unit is off at first */
    for (uint32_t *word = &bss_begin; word < &bss_end; word++)
        *word = 0;
    initialise_monitor_handles();
    exit(main());
}

__attribute__((section(".vectors"), used)) const struct {
    uint32_t *stack;
    void (*reset)(void);
    void *others[14];
} vectors = {&stack_top, reset, {0}};

void _init(void)
{
}

void _fini(void)
{
}
