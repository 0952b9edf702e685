/* What 8 Doctor says beside its list: one layer with its evidence, and what repairs it. */
#ifndef AAMPE_UI_VIEW_DOCTOR_PAGE_H
#define AAMPE_UI_VIEW_DOCTOR_PAGE_H

#include "ui/view/doctor.h"

/* One layer: state, what was seen, the error, what was last known; evidence, a line a fact. With
 * `explain` the offline page of its code behind. Appends. */
void view_doctor_layer_page(struct view_page *page, const struct view_doctor_layer *layer,
                            bool explain, int64_t now_us);

/* What the error of a layer brought, on one line: "http status 404, request id ..."; nothing when
 * there is none. Appends. */
void view_doctor_evidence(struct buf *out, const struct view_doctor_layer *layer);

/* Who may repair the layer, what to do, and the lines that do it; nothing is done by showing it.
 * unit: a systemd unit owns the profile. Appends. */
void view_doctor_fix_page(struct view_page *page, const struct view_doctor *doctor,
                          const struct view_doctor_layer *layer, bool unit);
/* Only the lines, for copying; the hint where there are none, or NULL with lines_only. malloc'd. */
char *view_doctor_fix_lines(const struct view_doctor *doctor, const struct view_doctor_layer *layer,
                            bool unit, bool lines_only);
/* Who may repair it; NULL: it has no known code. */
const char *view_doctor_fix_who(const struct view_doctor_layer *layer);
/* There is something to repair in it. */
bool view_doctor_fixable(const struct view_doctor_layer *layer);

/* The layer of this id; NULL: none. */
const struct view_doctor_layer *view_doctor_find(const struct view_doctor *doctor, const char *id);
/* The whole list as text, as the command prints it; malloc'd. */
char *view_doctor_text(const struct view_doctor *doctor, int64_t now_us);

#endif
