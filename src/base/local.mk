noinst_LIBRARIES += src/libbase.a
src_libbase_a_SOURCES = \
	src/base/alloc.h src/base/buf.h src/base/err.h src/base/errors.def src/base/file.h src/base/hash.h \
	src/base/json.h src/base/log.h src/base/map.h src/base/process.h src/base/queue.h src/base/seam.h \
	src/base/secret.h src/base/text.h src/base/vec.h
