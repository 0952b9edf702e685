noinst_LIBRARIES += src/libconfig.a
src_libconfig_a_SOURCES = \
	src/config/databrickscfg.h src/config/host.c src/config/host.h src/config/ini.c src/config/ini.h \
	src/config/operator.c src/config/profile.c src/config/profile.h src/config/setting.c \
	src/config/setting.h src/config/settings.def
