-- Who asks for a size gets its machines by id, page by page.
create index machines_size on machines (size_id, id);
