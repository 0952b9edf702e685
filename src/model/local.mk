noinst_LIBRARIES += src/libmodel.a
src_libmodel_a_SOURCES = \
	src/model/name.c src/model/name.h src/model/plan.c src/model/plan.h src/model/run.c \
	src/model/run.h src/model/schema.c src/model/share.c src/model/share.h src/model/type.c \
	src/model/type.h src/model/type_parse.c
