# Rows, SQL front end, Arrow writer, worlds.
sandbox_data_sources =
