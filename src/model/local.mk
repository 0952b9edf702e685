noinst_LIBRARIES += src/libmodel.a
src_libmodel_a_SOURCES = \
	src/model/grant.c src/model/grant.h src/model/meter.c src/model/meter.h src/model/name.c src/model/name.h src/model/plan.c src/model/plan.h src/model/run.c \
	src/model/run.h src/model/schema.c src/model/share.c src/model/share.h src/model/type.c \
	src/model/type.h src/model/type_parse.c

check_PROGRAMS += tests/unit/test_model_name tests/unit/test_model_plan tests/unit/test_model_type
TESTS += tests/unit/test_model_name tests/unit/test_model_plan tests/unit/test_model_type
tests_unit_test_model_name_SOURCES = tests/unit/test_model_name.c
tests_unit_test_model_name_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_name_LDADD = src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
tests_unit_test_model_plan_SOURCES = tests/unit/test_model_plan.c
tests_unit_test_model_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_plan_LDADD = src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
tests_unit_test_model_type_SOURCES = tests/unit/test_model_type.c
tests_unit_test_model_type_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_type_LDADD = src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_model_meter
TESTS += tests/unit/test_model_meter
tests_unit_test_model_meter_SOURCES = tests/unit/test_model_meter.c
tests_unit_test_model_meter_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_meter_LDADD = src/libmodel.a src/libbase.a $(LIBS_BASE) $(CMOCKA_LIBS)
