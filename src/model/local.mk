noinst_LIBRARIES += src/libmodel.a
src_libmodel_a_SOURCES = \
	src/model/name.h src/model/plan.h src/model/run.h src/model/share.h src/model/type.h
