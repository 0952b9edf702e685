noinst_LIBRARIES += src/libconfig.a
src_libconfig_a_SOURCES = \
	src/config/databrickscfg.h src/config/host.c src/config/host.h src/config/ini.c src/config/ini.h \
	src/config/operator.c src/config/profile.c src/config/profile.h src/config/setting.c \
	src/config/setting.h src/config/settings.def

check_PROGRAMS += tests/unit/test_config_host tests/unit/test_config_file
TESTS += tests/unit/test_config_host tests/unit/test_config_file
tests_unit_test_config_host_SOURCES = tests/unit/test_config_host.c
tests_unit_test_config_host_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_host_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
tests_unit_test_config_file_SOURCES = tests/unit/test_config_file.c
tests_unit_test_config_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_file_LDADD = $(ROOMS) $(LIBS_ENGINE) $(CMOCKA_LIBS)
