"""Addresses of the inbox: pages first, then what they fetch, then what they do."""

from __future__ import annotations

from django.urls import path

from otklik.inbox.views import actions, bulk, composing, contacts, messages, pages, ruling, setup, starting

urlpatterns = [
    path("inbox/", pages.index, name="inbox"),
    path("inbox/<int:conversation_id>/", pages.thread, name="inbox-thread"),
    path("inbox/<int:conversation_id>/card/", pages.card, name="inbox-card"),
    # fragments
    path("inbox/more/", pages.more, name="inbox-more"),
    path("inbox/rows/", pages.rows, name="inbox-rows"),
    path("inbox/counts/", pages.counts, name="inbox-counts"),
    path("inbox/filter/", pages.filter_dialog, name="inbox-filter"),
    path("inbox/colleagues/", composing.colleagues, name="inbox-colleagues"),
    path("inbox/<int:conversation_id>/stream/", pages.stream, name="inbox-stream"),
    # writing
    path("inbox/<int:conversation_id>/draft/", composing.save_draft, name="inbox-draft"),
    path("inbox/<int:conversation_id>/send/", composing.send, name="inbox-send"),
    path("inbox/<int:conversation_id>/files/", composing.attach, name="inbox-attach"),
    path(
        "inbox/<int:conversation_id>/files/<int:attachment_id>/remove/",
        composing.remove_file,
        name="inbox-remove-file",
    ),
    path("inbox/<int:conversation_id>/templates/", composing.template_dialog, name="inbox-templates"),
    path(
        "inbox/<int:conversation_id>/templates/<int:template_id>/",
        composing.template_text,
        name="inbox-template-text",
    ),
    path("inbox/<int:conversation_id>/later/", composing.later_dialog, name="inbox-later"),
    path("inbox/new/", starting.dialog, name="inbox-new"),
    path("inbox/new/send/", starting.send, name="inbox-start"),
    # a conversation
    path("inbox/<int:conversation_id>/do/<slug:action>/", actions.act, name="inbox-do"),
    path("inbox/<int:conversation_id>/ask/<slug:action>/", actions.dialog, name="inbox-ask"),
    path("inbox/<int:conversation_id>/candidates/", actions.candidates, name="inbox-candidates"),
    path("inbox/<int:conversation_id>/seen/", actions.seen, name="inbox-seen"),
    path("inbox/<int:conversation_id>/present/", actions.present, name="inbox-present"),
    path("inbox/merges/<int:merge_id>/undo/", actions.unmerge, name="inbox-unmerge"),
    path("inbox/splits/<int:split_id>/undo/", actions.unsplit, name="inbox-unsplit"),
    # a message
    path("inbox/messages/<int:message_id>/html", messages.html, name="inbox-html"),
    path("inbox/images/<str:token>", messages.remote_image, name="inbox-remote-image"),
    path("inbox/messages/<int:message_id>/raw", messages.raw, name="inbox-raw"),
    path("inbox/messages/<int:message_id>/copy", messages.copy, name="inbox-copy"),
    path("inbox/messages/<int:message_id>/cancel/", messages.cancel, name="inbox-cancel"),
    path("inbox/messages/<int:message_id>/planned/<slug:act>/", messages.planned, name="inbox-scheduled"),
    path("inbox/messages/<int:message_id>/draft/", messages.to_draft, name="inbox-to-draft"),
    path("inbox/messages/<int:message_id>/reading/", messages.reading, name="inbox-reading"),
    path("inbox/messages/<int:message_id>/why/", messages.why, name="inbox-why"),
    path("inbox/messages/<int:message_id>/decide/<slug:answer>/", messages.decide, name="inbox-decide"),
    path("inbox/messages/<int:message_id>/posted/", messages.posted, name="inbox-posted"),
    path("inbox/files/<int:attachment_id>/", messages.file, name="inbox-file"),
    # several at once, saved views
    path("inbox/bulk/undo/", bulk.undo, name="inbox-bulk-undo"),
    path("inbox/bulk/<slug:action>/", bulk.run, name="inbox-bulk"),
    path("inbox/bulk/<slug:action>/ask/", bulk.dialog, name="inbox-bulk-ask"),
    path("inbox/views/new/", bulk.save_dialog, name="inbox-view-new"),
    path("inbox/views/save/", bulk.save_view, name="inbox-view-save"),
    path("inbox/views/<int:view_id>/delete/", bulk.delete_view, name="inbox-view-delete"),
    # what customers come with and where
    path("contacts/", contacts.overview, name="contacts"),
    path("contacts/list/", contacts.behind, name="contacts_list"),
    path("contacts/contacts.csv", contacts.download, name="contacts_csv"),
    # settings: ready texts and labels
    path("settings/templates/", setup.template_list, name="templates"),
    path("settings/templates/new/", setup.template, name="template_new"),
    path("settings/templates/<int:template_id>/", setup.template, name="template"),
    path("settings/templates/<int:template_id>/archive/", setup.archive_template, name="template_archive"),
    path("settings/templates/<int:template_id>/restore/", setup.restore_template, name="template_restore"),
    path("settings/labels/", setup.label_list, name="labels"),
    path("settings/labels/<int:label_id>/", setup.label, name="label"),
    path("settings/labels/<int:label_id>/archive/", setup.archive_label, name="label_archive"),
    path("settings/labels/<int:label_id>/restore/", setup.restore_label, name="label_restore"),
    # settings: rules by readings
    path("settings/rules/", ruling.rule_list, name="rules"),
    path("settings/rules/new/", ruling.rule_new, name="rule_new"),
    path("settings/rules/conditions/", ruling.conditions, name="rule_conditions"),
    path("settings/rules/dry-run/", ruling.dry_run, name="rule_dry_run"),
    path("settings/rules/runs/<int:run_id>/", ruling.run, name="rule_run"),
    path("settings/rules/runs/<int:run_id>/stop/", ruling.run_step, {"step": "stop"}, name="rule_run_stop"),
    path("settings/rules/runs/<int:run_id>/undo/", ruling.run_step, {"step": "undo"}, name="rule_run_undo"),
    path("settings/rules/<int:rule_id>/", ruling.rule, name="rule"),
    path("settings/rules/<int:rule_id>/apply/", ruling.apply, name="rule_apply"),
    path("settings/rules/<int:rule_id>/switch/", ruling.switch, name="rule_switch"),
    path("settings/rules/<int:rule_id>/move/", ruling.move, name="rule_move"),
    path("settings/rules/<int:rule_id>/back/", ruling.back, name="rule_back"),
    path("settings/rules/<int:rule_id>/archive/", ruling.archive, name="rule_archive"),
    path("settings/rules/<int:rule_id>/restore/", ruling.restore, name="rule_restore"),
]
