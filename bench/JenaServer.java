import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.jena.query.Dataset;
import org.apache.jena.query.DatasetFactory;
import org.apache.jena.query.Query;
import org.apache.jena.query.QueryCancelledException;
import org.apache.jena.query.QueryException;
import org.apache.jena.query.QueryExecution;
import org.apache.jena.query.QueryExecutionDatasetBuilder;
import org.apache.jena.query.QueryFactory;
import org.apache.jena.query.ReadWrite;
import org.apache.jena.query.ResultSet;
import org.apache.jena.query.ResultSetFormatter;
import org.apache.jena.query.Syntax;
import org.apache.jena.riot.Lang;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.riot.resultset.ResultSetLang;
import org.apache.jena.sparql.core.DatasetGraphFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.AbstractHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Apache Jena's engine behind a small HTTP server, for the benchmarks: java JenaServer PORT N-QUADS [DEADLINE-SECONDS].
 *
 * <p>It does what Fuseki does with a file in memory, for queries by GET, and leaves out all else: Fuseki's registry of
 * datasets, filters, counters and log of requests. The dataset, one read transaction a query, the syntax, the first
 * row before the status, the graph of a CONSTRUCT that is collected before it is written, and the threads are Fuseki's.
 * The buffers for answers are Jetty's own: Fuseki's, of a megabyte or more, are made anew for each request.
 *
 * <p>Source: Apache Jena 4, Fuseki: SPARQLQueryProcessor, ActionExecLib, JettyServer, JettyLib.
 */
public final class JenaServer extends AbstractHandler {
    private static final int LEAST_THREADS = 2;
    private static final int MOST_THREADS = 20;
    private static final int HEADER_BYTES = 512 * 1024;

    private final Dataset dataset;
    private final long deadlineSeconds;

    private JenaServer(Dataset dataset, long deadlineSeconds) {
        this.dataset = dataset;
        this.deadlineSeconds = deadlineSeconds;
    }

    /** Loads the file, and serves it until the process is ended. */
    public static void main(String[] arguments) throws Exception {
        Dataset dataset = load(arguments[1]);
        long deadlineSeconds = arguments.length > 2 ? Long.parseLong(arguments[2]) : 0;
        Server server = new Server(new QueuedThreadPool(MOST_THREADS, LEAST_THREADS));
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setRequestHeaderSize(HEADER_BYTES);
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(configuration));
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(arguments[0]));
        server.addConnector(connector);
        server.setHandler(new JenaServer(dataset, deadlineSeconds));
        server.start();
        server.join();
    }

    private static Dataset load(String place) throws IOException {
        Dataset dataset = DatasetFactory.wrap(DatasetGraphFactory.createTxnMem());
        try (InputStream quads = Files.newInputStream(Path.of(place))) {
            dataset.executeWrite(() -> RDFDataMgr.read(dataset, quads, Lang.NQUADS));
        }
        return dataset;
    }

    /** Answers a query. Once the answer has begun, an error breaks the connection, so that no part passes for the whole. */
    @Override
    public void handle(String target, Request request, HttpServletRequest asked, HttpServletResponse response)
            throws IOException {
        request.setHandled(true);
        String text = asked.getParameter("query");
        if (!target.equals("/sparql") || text == null) {
            response.sendError(HttpServletResponse.SC_NOT_FOUND);
            return;
        }
        String accept = String.valueOf(asked.getHeader("Accept"));
        try {
            answer(QueryFactory.create(text, Syntax.syntaxARQ), accept, response);
        } catch (QueryCancelledException error) {
            fail(response, HttpServletResponse.SC_SERVICE_UNAVAILABLE, error);
        } catch (QueryException error) {
            fail(response, HttpServletResponse.SC_BAD_REQUEST, error);
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError error) {
            fail(response, HttpServletResponse.SC_INTERNAL_SERVER_ERROR, error);
        }
    }

    private void answer(Query query, String accept, HttpServletResponse response) throws IOException {
        dataset.begin(ReadWrite.READ);
        try (QueryExecution execution = execution(query)) {
            if (query.isSelectType()) {
                ResultSet rows = execution.execSelect();
                rows.hasNext(); // what fails at once fails before the status is sent
                Lang format = tableFormat(accept);
                ResultSetFormatter.output(body(response, format), rows, format);
            } else if (query.isAskType()) {
                boolean yes = execution.execAsk();
                Lang format = tableFormat(accept);
                ResultSetFormatter.output(body(response, format), yes, format);
            } else if (query.isConstructType()) {
                Dataset made = execution.execConstructDataset();
                RDFDataMgr.write(body(response, Lang.NTRIPLES), made.getDefaultModel(), Lang.NTRIPLES);
            } else {
                RDFDataMgr.write(body(response, Lang.NTRIPLES), execution.execDescribe(), Lang.NTRIPLES);
            }
        } finally {
            dataset.end();
        }
    }

    private QueryExecution execution(Query query) {
        QueryExecutionDatasetBuilder builder = QueryExecution.create().dataset(dataset).query(query);
        return (deadlineSeconds > 0 ? builder.overallTimeout(deadlineSeconds, TimeUnit.SECONDS) : builder).build();
    }

    private static Lang tableFormat(String accept) {
        return accept.contains("text/csv") ? ResultSetLang.RS_CSV : ResultSetLang.RS_JSON;
    }

    private static OutputStream body(HttpServletResponse response, Lang format) throws IOException {
        response.setContentType(format.getHeaderString());
        return response.getOutputStream();
    }

    private static void fail(HttpServletResponse response, int status, Throwable error) throws IOException {
        if (response.isCommitted()) {
            throw new IOException(error);
        }
        response.reset();
        response.sendError(status, String.valueOf(error.getMessage()));
    }
}
