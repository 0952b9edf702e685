# aampe-syncd
noinst_LIBRARIES += src/libengine.a
src_libengine_a_SOURCES = \
	src/engine/cells.c src/engine/verbs_table.c \
	src/engine/attention.c src/engine/circumstance.c src/engine/connect.c src/engine/engine.c src/engine/engine.h src/engine/fact.c src/engine/failure.c src/engine/lines.c src/engine/lines.h src/engine/live.c src/engine/report.c \
	src/engine/serve.c src/engine/snapshot.c src/engine/runs.h src/engine/verbs_batches.c src/engine/observe.h src/engine/secrets.c src/engine/verbs_audit.c src/engine/verbs_config.c src/engine/verbs_engine.c \
	src/engine/verbs_preview.c src/engine/verbs_runs.c src/engine/verbs_share.c src/engine/verbs_show.c \
	src/engine/verbs_sync.c src/engine/verbs_tree.c src/engine/verify.c

src_libengine_a_SOURCES += src/engine/setup.h src/engine/setup_list.c src/engine/verbs_setup.c
# the doctor
src_libengine_a_SOURCES += src/engine/doctor.h src/engine/doctor_offline.c src/engine/doctor_record.c src/engine/doctor_run.c \
	src/engine/verbs_doctor.c
# the tree and the ticks
src_libengine_a_SOURCES += src/engine/glance.c src/engine/glance.h src/engine/legacy.c src/engine/patch.c src/engine/tree.c src/engine/tree.h \
	src/engine/verbs_draft.c src/engine/verbs_plan.c

sbin_PROGRAMS += aampe-syncd
aampe_syncd_SOURCES = src/engine/main.c
aampe_syncd_LDADD = src/libengine.a $(ROOMS) $(LIBS_ENGINE)
