/* The descriptor that this process holds. */
static int held = -1;

/* Room for what calls give back. */
static char room[65536] __attribute__((aligned(16)));

/* An address at which nothing is mapped. */
static void *volatile nowhere = (void *)8;

/* What is expected, or what is to be written, where it depends on who runs this. */
static const char *fmt(const char *format, ...)
{
	static char text[1 << 16];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return text;
}

/* The call that failed, if it is not the one that the step is named after, and how. */
static const char *failed(const char *call)
{
	static char text[128];
	const char *name = NULL;

	if (errno < (int)(sizeof(errors) / sizeof(*errors)))
		name = errors[errno];
	snprintf(text, sizeof(text), "%s%s", call, name ? name : strerror(errno));
	return text;
}

/* What a call returned, as a number. */
static const char *number(long value)
{
	static char text[24];

	if (value == -1)
		return failed("");
	snprintf(text, sizeof(text), "%ld", value);
	return text;
}

/* What a call returned that returns 0. */
static const char *result(long value)
{
	return value ? number(value) : "ok";
}

/* The same for a call that returns a descriptor, which is held from now on. */
static const char *hold(long fd)
{
	held = fd;
	return fd < 0 ? failed("") : "ok";
}

/* What came of writing so many bytes. */
static const char *wrote(ssize_t count, ssize_t length)
{
	static char text[64];

	if (count == length)
		return "ok";
	if (count < 0)
		return failed("");
	snprintf(text, sizeof(text), "took %zd of %zd bytes", count, length);
	return text;
}

/* A list of ids. */
static const char *list(const unsigned int *ids, long count)
{
	static char text[1 << 20] = "[";
	size_t length = 1;

	for (long i = 0; i < count && length < sizeof(text) - 16; i++)
		length += sprintf(text + length, "%s%u", i ? ", " : "", ids[i]);
	strcpy(text + length, "]");
	return text;
}

/* What a call left in the room: so many numbers. */
static const char *left_words(long value, const void *left, int count)
{
	return value == -1 ? failed("") : list(left, count);
}

/* What a call left in the room: so many numbers of 16 bits. */
static const char *left_halves(long value, const unsigned short *left, int count)
{
	unsigned int ids[64];

	for (int i = 0; i < count && i < 64; i++)
		ids[i] = left[i];
	return value == -1 ? failed("") : list(ids, count);
}

/* What a call left in the room: ids at these offsets. */
static const char *left_ids(long value, const char *left, int count, const int *offsets)
{
	static char text[128];
	size_t length = 0;
	unsigned int id;

	if (value == -1)
		return failed("");
	for (int i = 0; i < count && length < sizeof(text) - 16; i++) {
		memcpy(&id, left + offsets[i], sizeof(id));
		length += sprintf(text + length, "%s%u", i ? " " : "", id);
	}
	return text;
}

/* Text without the blanks at its end. */
static const char *trimmed(char *text, size_t length)
{
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/* What a call left in the room: as much text as it returned, at most so much. */
static const char *left_text(long value, char *left, long most)
{
	if (value == -1)
		return failed("");
	return trimmed(left, value < most ? value : most);
}
