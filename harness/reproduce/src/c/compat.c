/* Memory below 4 GiB, which 32-bit pointers reach: the first half for arguments, the second for results. */
static char *low;

/* The address of a place in that memory. */
static unsigned int low_address(size_t offset)
{
	return (uintptr_t)(low + offset);
}

/* Copies bytes there. */
static unsigned int put_low(const void *bytes, size_t length)
{
	static size_t used;
	size_t place = used < 2048 ? used : 0;

	memcpy(low + place, bytes, length);
	used = (place + length + 7) & ~(size_t)7;
	return low_address(place);
}

/* A 32-bit system call from a 64-bit process. */
static long int80(int call, unsigned int b, unsigned int c, unsigned int d, unsigned int s, unsigned int t)
{
	int value;

	__asm__ volatile("int $0x80"
			 : "=a"(value)
			 : "a"(call), "b"(b), "c"(c), "d"(d), "S"(s), "D"(t)
			 : "memory", "r8", "r9", "r10", "r11");
	if (value < 0 && value >= -4095) {
		errno = -value;
		return -1;
	}
	return value;
}
