noinst_LIBRARIES += src/libconfig.a
src_libconfig_a_SOURCES = src/config/databrickscfg.h src/config/host.h src/config/profile.h src/config/settings.def
